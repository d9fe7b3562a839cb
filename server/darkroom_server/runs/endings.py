"""How a run ends that has no result: the word of its error, and the status by which it is counted.

Must not know HTTP routes.
"""

from collections.abc import Mapping
from typing import Final

from darkroom_server.prediction.failures import ImageUnfit, ModelMissing, ModelUnfinished, ModelUnfit, PredictionFailure
from darkroom_server.resources.outcomes import RunError
from darkroom_server.runs.record import MOST_ATTEMPTS

_ENDINGS: Final[Mapping[type[PredictionFailure], tuple[str, int]]] = {
    ImageUnfit: ("invalidImage", 400),
    ModelMissing: ("modelNotFound", 404),
    ModelUnfinished: ("modelNotReady", 409),
    ModelUnfit: ("modelNotUsable", 409),
}
"""What another attempt would not mend. All else is tried again."""
INTERNAL_ERROR: Final = "internalServerError"


def describe_failure(failure: PredictionFailure) -> tuple[RunError, int] | None:
    """Return the error and the status of a failure; None for one that another attempt may mend."""
    code, status = _ENDINGS.get(type(failure), ("", 0))
    return (RunError(code=code, message=str(failure)), status) if code else None


def describe_abandoned() -> RunError:
    """Return the error of a run whose last attempt ended without a word."""
    message = (
        f"it was begun {MOST_ATTEMPTS} times and never came to an end: each time the server was ended, or could not "
        "reach the Model's files; delete it and ask again, and see the server's log if it happens again"
    )
    return RunError(code=INTERNAL_ERROR, message=message)


def describe_lost_image() -> RunError:
    """Return the error of a run whose server was ended before it had kept the image."""
    message = "its image was not kept, since the server was ended while it was sent; delete the run and ask again"
    return RunError(code=INTERNAL_ERROR, message=message)


def describe_too_large() -> RunError:
    """Return the error of a run whose result is larger than a record may be."""
    message = "the Model sees more on this image than a run can hold; send a part of the image, or train it anew"
    return RunError(code="modelNotUsable", message=message)


def describe_defect() -> RunError:
    """Return the error of a run on which the server itself failed."""
    return RunError(code=INTERNAL_ERROR, message="the server failed on this run; its log says why")
