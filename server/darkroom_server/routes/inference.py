"""The Open Inference Protocol, version 2: any finished Model as tensors, or as an image in and results out.

Owns the routes under `/v2`, and the two ways to ask: `images`, the network's own input, gives its raw `outputs`;
`image`, one file, gives `labels`, `scores` and `boxes`. Answers are JSON.
"""

import math
from collections.abc import Awaitable, Callable
from typing import Any, Final

import numpy as np
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from darkroom_predict.answers import round_box
from darkroom_predict.description import ModelDescription, read_version
from darkroom_predict.onnx_predictor import BATCH_SIZE, OnnxPredictor
from darkroom_predict.onnx_session import INPUT_NAME, OUTPUT_NAME
from darkroom_server.auth.admission import Caller
from darkroom_server.http import bodies, tensors
from darkroom_server.http.problems import Problem, bad_request, not_found
from darkroom_server.http.tensors import InferenceRequest, Tensor
from darkroom_server.prediction.looking import look
from darkroom_server.routes.parts import Parts
from darkroom_server.routes.predicting import compute, describe, find_finished

IMAGE_NAME: Final = "image"
PLATFORM: Final = "onnxruntime_onnx"
VERSION: Final = "1"
"""Of any Model: another training is another Model."""
Handler = Callable[[Request], Awaitable[Response]]


def list_routes(parts: Parts) -> list[BaseRoute]:
    """Return the routes. Whether the server lives and is ready is told without a key."""
    inference = _Inference(parts)
    routes: list[BaseRoute] = [
        Route("/v2", _describe_server),
        Route("/v2/health/live", _answer_ok),
        Route("/v2/health/ready", _answer_ok),
    ]
    handlers: tuple[tuple[str, Handler, str], ...] = (
        ("", inference.describe, "GET"),
        ("/ready", inference.tell_ready, "GET"),
        ("/infer", inference.infer, "POST"),
    )
    for base in ("/v2/models/{name}", "/v2/models/{name}/versions/{version}"):
        routes += [Route(f"{base}{end}", handler, methods=[method]) for end, handler, method in handlers]
    return routes


async def _answer_ok(_request: Request) -> Response:
    return Response()


async def _describe_server(_request: Request) -> Response:
    return JSONResponse({"name": "darkroom", "version": read_version(), "extensions": ["binary_tensor_data"]})


class _Inference:
    """The routes of one Model."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def describe(self, request: Request) -> Response:
        """Answer the Model's inputs and outputs."""
        name = request.path_params["name"]
        described = await describe(self._parts, await find_finished(self._parts, await self._admit(request), name))
        return JSONResponse(build_metadata(name, described))

    async def tell_ready(self, request: Request) -> Response:
        """Answer whether the Model can be asked; it is loaded by the first who asks it."""
        await find_finished(self._parts, await self._admit(request), request.path_params["name"])
        return Response()

    async def infer(self, request: Request) -> Response:
        """Answer tensors with tensors."""
        caller = await self._admit(request)

        async def read_job() -> tuple[Callable[[OnnxPredictor], dict[str, Any]], int]:
            limits = self._parts.config.bodies
            body = await bodies.read_body(request, limits.image_bytes * 4 // 3 + limits.json_bytes, limits.seconds)
            head_length = request.headers.get(tensors.HEAD_LENGTH)
            return lambda predictor: answer_tensors(predictor, tensors.parse_request(body, head_length)), len(body)

        _, answer = await compute(self._parts, caller, request.path_params["name"], read_job)
        return JSONResponse({"model_name": request.path_params["name"], "model_version": VERSION, **answer})

    async def _admit(self, request: Request) -> Caller:
        caller = await self._parts.admission.admit(request, "get", "Model")
        if request.path_params.get("version", VERSION) != VERSION:
            raise not_found(f"every Model has the version {VERSION} only; leave /versions/... out", "version")
        return caller


def build_metadata(name: str, described: ModelDescription) -> dict[str, Any]:
    """Return what the Model takes and gives, by either of its inputs."""
    size_px = described.preprocessing.image_size_px
    outputs = [
        _describe_tensor(OUTPUT_NAME, "FP32", -1, -1),
        _describe_tensor("labels", "BYTES", -1),
        _describe_tensor("scores", "FP32", -1),
    ]
    if described.task.has_boxes:
        outputs[0]["shape"].append(-1)
        outputs.append(_describe_tensor("boxes", "INT32", -1, 4))
    inputs = [_describe_tensor(INPUT_NAME, "FP32", -1, 3, size_px, size_px), _describe_tensor(IMAGE_NAME, "BYTES", 1)]
    return {"name": name, "versions": [VERSION], "platform": PLATFORM, "inputs": inputs, "outputs": outputs}


def _describe_tensor(name: str, datatype: str, *shape: int) -> dict[str, Any]:
    return {"name": name, "datatype": datatype, "shape": list(shape)}


def answer_tensors(predictor: OnnxPredictor, asked: InferenceRequest) -> dict[str, Any]:
    """Return what a Model makes of a request's one input."""
    names = [tensor.name for tensor in asked.inputs]
    if names == [INPUT_NAME]:
        outputs = _run(predictor, asked.inputs[0])
    elif names == [IMAGE_NAME]:
        outputs = _look(predictor, asked.inputs[0])
    else:
        raise bad_request(
            f"the inputs are {names!r:.200}; give either {INPUT_NAME!r} or {IMAGE_NAME!r}", target="inputs"
        )
    known = {output["name"] for output in outputs}
    if not known.issuperset(asked.outputs):
        raise bad_request(f"outputs: of this input there are {', '.join(sorted(known))} only", target="outputs")
    wanted = [output for output in outputs if not asked.outputs or output["name"] in asked.outputs]
    return {"outputs": wanted} | ({"id": asked.id} if asked.id is not None else {})


def _run(predictor: OnnxPredictor, tensor: Tensor) -> list[dict[str, Any]]:
    size_px = predictor.description.preprocessing.image_size_px
    if isinstance(tensor.values, list) or tensor.shape[1:] != (3, size_px, size_px):
        raise bad_request(f"input {INPUT_NAME!r}: give FP32 of the shape [N, 3, {size_px}, {size_px}]", target="inputs")
    # In parts: what a network holds of all images at once would take gigabytes.
    starts = range(0, len(tensor.values), BATCH_SIZE)
    found = np.concatenate([predictor.session.run(tensor.values[start : start + BATCH_SIZE]) for start in starts])
    if not np.isfinite(found).all():
        raise Problem(
            400, "InvalidRequest", f"input {INPUT_NAME!r}: the model's outputs are not finite; give values in [0, 1]"
        )
    return [_build_tensor(OUTPUT_NAME, "FP32", found.shape, found.ravel().tolist())]


def _look(predictor: OnnxPredictor, tensor: Tensor) -> list[dict[str, Any]]:
    if not isinstance(tensor.values, list) or math.prod(tensor.shape) != 1:
        raise bad_request(f"input {IMAGE_NAME!r}: give BYTES of the shape [1], one image a request", target="inputs")
    seen = look(predictor, tensor.values[0])
    labels = [seen.description.labels[label] for label in seen.prediction.labels]
    scores = [round(float(score), 4) for score in seen.prediction.scores]
    outputs = [
        _build_tensor("labels", "BYTES", (len(labels),), labels),
        _build_tensor("scores", "FP32", (len(labels),), scores),
    ]
    if seen.description.task.has_boxes:
        boxes = [round_box(box, (seen.size.width, seen.size.height)) for box in seen.prediction.boxes]
        sides = [box[side] for box in boxes for side in ("x", "y", "w", "h")]
        outputs.append(_build_tensor("boxes", "INT32", (len(boxes), 4), sides))
    return outputs


def _build_tensor(name: str, datatype: str, shape: tuple[int, ...], data: list[Any]) -> dict[str, Any]:
    return {"name": name, "datatype": datatype, "shape": list(shape), "data": data}
