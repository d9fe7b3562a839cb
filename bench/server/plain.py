"""`python -m bench.server.plain MODEL_FOLDER PORT`: the same ONNX file behind the shortest handler one would write.

A plain Starlette handler; FastAPI is one, with validation of bodies that an image needs none of.
"""

import pathlib
import sys

import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from darkroom_predict.description import ONNX_NAME
from darkroom_predict.onnx_predictor import open_onnx
from darkroom_predict.resizing import decode_bytes


def main(folder: pathlib.Path, port: int) -> None:
    """Serve until the process is ended."""
    predictor = open_onnx(folder / ONNX_NAME, None)
    size_px = predictor.description.preprocessing.image_size_px

    async def predict(request: Request) -> Response:
        image = await request.body()
        (found,) = await run_in_threadpool(lambda: predictor.predict(decode_bytes(image, size_px)[None]))
        labels, scores = found.labels.tolist(), found.scores.tolist()
        return JSONResponse({"labels": labels, "scores": scores, "boxes": found.boxes.tolist()})

    async def tell_health(_request: Request) -> Response:
        return Response()

    routes = [Route("/{rest:path}", predict, methods=["POST"]), Route("/v2/health/live", tell_health)]
    uvicorn.run(Starlette(routes=routes), port=port, log_level="warning", access_log=False)


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]), int(sys.argv[2]))
