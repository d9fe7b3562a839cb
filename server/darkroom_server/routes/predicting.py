"""What the routes that look at an image have in common: find the Model, get the image, ask, count.

Owns the order of these steps, and the service's code for each failure. Must not know the form of an answer.
"""

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from darkroom_predict.description import ModelDescription
from darkroom_server.auth.admission import Caller
from darkroom_server.backends.backend import Stored, Unavailable
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
from darkroom_server.prediction.looking import Seen
from darkroom_server.routes.parts import Parts

AWAY_SECONDS: Final = 5
"""After which to come again, where storage or the cluster does not answer."""

ReadUpload = Callable[[], Awaitable[Upload]]


@dataclass(frozen=True)
class Predicted:
    """What a Model says about the image of a request."""

    model: Stored
    description: ModelDescription
    seen: Seen


async def predict(parts: Parts, caller: Caller, model: str | Stored, read_upload: ReadUpload) -> Predicted:
    """Return what a Model, given by name or found already, says about what `read_upload` returns; counts it.

    Raises a Problem, with the codes of the Computer Vision routes.
    """
    began, code, counted, size = time.monotonic(), 200, None, 0
    try:
        found = model if isinstance(model, Stored) else await find_model(parts.backend, caller.namespace, model)
        counted = found.name
        check_finished(found)
        upload = await read_upload()
        image = upload.image if upload.url is None else await parts.fetcher.fetch(upload.url)
        assert image is not None
        size = len(image)
        described, seen = await parts.models.predict(found, image)
        return Predicted(found, described, seen)
    except (PredictionFailure, Unavailable) as failure:
        problem = explain(failure)
        code = problem.status
        raise problem from failure
    except Problem as problem:
        code = problem.status
        raise
    finally:
        parts.count_prediction(caller.namespace, counted, code, time.monotonic() - began, size)


def explain(failure: PredictionFailure | Unavailable) -> Problem:
    """Return the Problem that a failure is on the Computer Vision routes."""
    text = str(failure)
    match failure:
        case ModelMissing():
            return not_found(text, "model-name")
        case ModelUnfinished():
            return Problem(409, "ModelNotReady", text, "model-name")
        case ModelUnfit():
            return Problem(409, "ModelNotUsable", text, "model-name")
        case ImageUnfit():
            return bad_request(text, inner_code="InvalidImageSize" if failure.is_image else "InvalidImageFormat")
        case UrlUnfit():
            return bad_request(text, target="url", inner_code="InvalidImageUrl")
        case TooBusy():
            return Problem(429, "TooManyRequests", text, retry_after_seconds=failure.retry_after_seconds)
        case ModelAway() | Unavailable():
            return Problem(503, "ServiceUnavailable", text, retry_after_seconds=AWAY_SECONDS)
    raise AssertionError(failure)
