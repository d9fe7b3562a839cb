"""Custom Vision's prediction routes: `classify` and `detect` of an image or an address, by a published name.

Owns their answer and their codes of errors. The published name is the Model's; any project is taken, since clients
insist on one. Must not keep an image, with or without `nostore`.
"""

import dataclasses
import re
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from darkroom_api.v1alpha1.model import ModelSpec
from darkroom_server.backends.backend import Stored
from darkroom_server.config import BodyLimits
from darkroom_server.http import uploads
from darkroom_server.http.problems import Problem
from darkroom_server.prediction.failures import PredictionFailure
from darkroom_server.prediction.finding import find_model
from darkroom_server.prediction.looking import Seen
from darkroom_server.routes.parts import Parts
from darkroom_server.routes.predicting import explain, predict

_PATH: Final = re.compile(
    r"^/customvision/v3\.[0-4](-preview)?/prediction/[^/]+/(?P<task>classify|detect)"
    r"/iterations/(?P<name>[^/]+)/(?P<source>image|url)(/nostore)?$",
    re.IGNORECASE,
)
_NAMESPACE: Final = uuid.UUID("8a2e5f3c-6c1d-4d0e-9b57-3f2a9c1e7d46")
"""Of the ids that are made of names, so that they stay the same."""
_CODES: Final[Mapping[str, str]] = {
    "404": "NotFoundIteration",
    "ModelNotReady": "BadRequestIterationIsNotTrained",
    "ModelNotUsable": "BadRequestIterationIsNotTrained",
    "InvalidImageSize": "BadRequestImageSizeBytes",
    "InvalidImageFormat": "BadRequestImageFormat",
    "InvalidImageUrl": "BadRequestImageUrl",
}
"""By the code or the inner code that the Computer Vision routes give."""


def list_routes(parts: Parts) -> list[BaseRoute]:
    """Return the routes; the portal writes `Prediction` with a capital, so the case of a path is ignored."""

    async def answer(request: Request) -> Response:
        caller = await parts.admission.admit(request, "get", "Model")
        try:
            model = await find_model(parts.backend, caller.namespace, request.path_params["name"])
            _check_task(model, request.path_params["task"].lower())
            read = _read_url if request.path_params["source"].lower() == "url" else uploads.read_upload
            found, seen = await predict(parts, caller, model, lambda: read(request, parts.config.bodies))
        except PredictionFailure as failure:
            raise _translate(explain(failure), request) from failure
        except Problem as problem:
            raise _translate(problem, request) from problem
        return JSONResponse(build_prediction(found, seen, datetime.now(UTC)))

    route = Route("/customvision/{task}/{name}/{source}", answer, methods=["POST"])
    route.path_regex = _PATH
    return [route]


async def _read_url(request: Request, limits: BodyLimits) -> uploads.Upload:
    return uploads.Upload(None, await uploads.read_url(request, limits))


def _check_task(model: Stored, task: str) -> None:
    assert isinstance(model.spec, ModelSpec)
    is_asked = "detect" if model.spec.task.has_boxes else "classify"
    if task != is_asked:
        message = f"Model {model.name} is a {model.spec.task.value}; ask it by /{is_asked}/ in place of /{task}/"
        raise Problem(400, "BadRequestInvalidPublishName", message)


def _translate(problem: Problem, request: Request) -> Problem:
    """Return a Problem with the code that Custom Vision gave."""
    code = _CODES.get(problem.inner_code or "") or _CODES.get(problem.code)
    if code is None and problem.code == "InvalidRequest":
        is_address = request.path_params["source"].lower() == "url"
        code = "BadRequestImageUrl" if is_address else "BadRequestImageFormat"
    return dataclasses.replace(problem, code=code or problem.code)


def build_prediction(model: Stored, seen: Seen, now: datetime) -> dict[str, Any]:
    """Return the answer; boxes are relative, as a detector gives them."""
    described, found = seen.description, seen.prediction
    project = _find_uuid(model.uid)
    predictions: list[dict[str, Any]] = []
    for at, (label, score) in enumerate(zip(found.labels, found.scores, strict=True)):
        tag = described.labels[label]
        prediction: dict[str, Any] = {
            "probability": round(float(score), 7),
            "tagId": str(uuid.uuid5(project, tag)),
            "tagName": tag,
            "tagType": "Regular",
        }
        if described.task.has_boxes:
            sides = (round(float(side), 7) for side in found.boxes[at])
            prediction["boundingBox"] = dict(zip(("left", "top", "width", "height"), sides, strict=True))
        predictions.append(prediction)
    return {
        "id": str(uuid.uuid4()),
        "project": str(project),
        "iteration": str(uuid.uuid5(project, described.version)),
        "created": f"{now:%Y-%m-%dT%H:%M:%S}.{now.microsecond // 1000:03}Z",
        "predictions": predictions,
    }


def _find_uuid(uid: str) -> uuid.UUID:
    try:
        return uuid.UUID(uid)
    except ValueError:
        return uuid.uuid5(_NAMESPACE, uid)
