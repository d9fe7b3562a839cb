"""What the routes that look at an image have in common: find the Model, get the image, ask, count.

Owns the order of these steps, and the service's code for each failure. Must not know the form of an answer.
"""

import time
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from darkroom_predict.description import ModelDescription
from darkroom_predict.onnx_predictor import OnnxPredictor
from darkroom_server.auth.admission import Caller
from darkroom_server.backends.backend import Stored
from darkroom_server.http.problems import Problem, bad_request, not_found
from darkroom_server.http.uploads import Upload
from darkroom_server.prediction.failures import (
    ImageUnfit,
    ModelAway,
    ModelMissing,
    ModelUnfinished,
    ModelUnfit,
    PredictionFailure,
    TooBusy,
    UrlUnfit,
)
from darkroom_server.prediction.finding import check_finished, find_model
from darkroom_server.prediction.looking import Seen, look
from darkroom_server.routes.parts import Parts

AWAY_SECONDS: Final = 5
"""After which to come again, where storage or the cluster does not answer."""

Made = TypeVar("Made")
Job = Callable[[OnnxPredictor], Made]


async def predict(
    parts: Parts, caller: Caller, model: str | Stored, read_upload: Callable[[], Awaitable[Upload]]
) -> tuple[Stored, Seen]:
    """Return a Model, given by name or found already, and what it says about the image that `read_upload` returns.

    Raises a Problem, with the codes of the Computer Vision routes.
    """

    async def read_image() -> tuple[bytes, int]:
        upload = await read_upload()
        if upload.url is None:
            assert upload.image is not None
            return upload.image, 0
        fetched = await parts.fetcher.fetch(caller.namespace, upload.url)
        return fetched, len(fetched)

    return await predict_image(parts, caller, model, read_image)


async def predict_image(
    parts: Parts, caller: Caller, model: str | Stored, read_image: Callable[[], Awaitable[tuple[bytes, int]]]
) -> tuple[Stored, Seen]:
    """Return a Model and what it says about the image that `read_image` returns, with how much of it was fetched.

    Raises a Problem as `predict` does.
    """
    held_bytes = 0

    async def read_job() -> tuple[Job[Seen], int]:
        nonlocal held_bytes
        image, fetched_bytes = await read_image()
        parts.room.take(fetched_bytes)
        held_bytes = fetched_bytes
        return lambda predictor: look(predictor, image), len(image)

    try:
        return await compute(parts, caller, model, read_job)
    finally:
        parts.room.give_back(held_bytes)


async def compute(
    parts: Parts, caller: Caller, model: str | Stored, read_job: Callable[[], Awaitable[tuple[Job[Made], int]]]
) -> tuple[Stored, Made]:
    """Return a Model and what the job makes with it that `read_job` returns with the bytes it takes; counts it.

    The request is read once the Model is known to answer. Raises a Problem as `predict` does.
    """
    began, code, counted, size = time.monotonic(), 200, None, 0
    try:
        found = model if isinstance(model, Stored) else await find_model(parts.backend, caller.namespace, model)
        counted = found.name
        check_finished(found)
        job, size = await read_job()
        return found, await parts.models.compute(caller.namespace, found, job)
    except PredictionFailure as failure:
        problem = explain(failure)
        code = problem.status
        raise problem from failure
    except Problem as problem:
        code = problem.status
        raise
    finally:
        parts.count_prediction(caller.namespace, counted, code, time.monotonic() - began, size)


async def find_finished(parts: Parts, caller: Caller, name: str) -> Stored:
    """Return a Model that can answer; raises a Problem where there is none."""
    try:
        found = await find_model(parts.backend, caller.namespace, name)
        check_finished(found)
    except PredictionFailure as failure:
        raise explain(failure) from failure
    return found


async def describe(parts: Parts, model: Stored) -> ModelDescription:
    """Return what a Model that can answer says of itself; raises a Problem."""
    try:
        return await parts.models.describe(model)
    except PredictionFailure as failure:
        raise explain(failure) from failure


def explain(failure: PredictionFailure, model_target: str = "model-name") -> Problem:
    """Return the Problem that a failure is on the Computer Vision routes, where `model_target` names the Model."""
    text = str(failure)
    match failure:
        case ModelMissing():
            return not_found(text, model_target)
        case ModelUnfinished():
            return Problem(409, "ModelNotReady", text, model_target)
        case ModelUnfit():
            return Problem(409, "ModelNotUsable", text, model_target)
        case ImageUnfit():
            return bad_request(text, inner_code="InvalidImageSize" if failure.is_image else "InvalidImageFormat")
        case UrlUnfit():
            return bad_request(text, target="url", inner_code="InvalidImageUrl")
        case TooBusy():
            return Problem(429, "TooManyRequests", text, retry_after_seconds=failure.retry_after_seconds)
        case ModelAway():
            return Problem(503, "ServiceUnavailable", text, retry_after_seconds=AWAY_SECONDS)
    raise AssertionError(failure)
