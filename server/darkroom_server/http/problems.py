"""What went wrong with a request, and the forms in which the replaced service and its neighbours said so.

Owns the exception that ends a request, and the three forms of an error. Must not know what any route does.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

Form = Callable[["Problem"], dict[str, Any]]


@dataclass(eq=False)
class Problem(Exception):
    """Ends a request: what is wrong, where (`target`), and what to do; no secret, and no bytes of a body."""

    status: int
    code: str
    message: str
    target: str | None = None
    inner_code: str | None = None
    retry_after_seconds: int | None = None
    details: tuple[Mapping[str, Any], ...] = field(default=())

    def __post_init__(self) -> None:
        super().__init__(self.message)


def bad_request(message: str, *, target: str | None = None, inner_code: str | None = None) -> Problem:
    """Return the most frequent one: 400 `InvalidRequest`."""
    return Problem(400, "InvalidRequest", message, target, inner_code)


def not_found(message: str, target: str | None = None) -> Problem:
    """Return 404, whose code is the number, as the service's was."""
    return Problem(404, "404", message, target)


def build_envelope(problem: Problem) -> dict[str, Any]:
    """Return the form of the Computer Vision routes."""
    error: dict[str, Any] = {"code": problem.code, "message": problem.message}
    if problem.target is not None:
        error["target"] = problem.target
    if problem.details:
        error["details"] = list(problem.details)
    if problem.inner_code is not None:
        error["innererror"] = {"code": problem.inner_code, "message": problem.message}
    return {"error": error}


def build_custom_vision_error(problem: Problem) -> dict[str, Any]:
    """Return the form of Custom Vision's routes."""
    return {"code": problem.code, "message": problem.message}


def build_inference_error(problem: Problem) -> dict[str, Any]:
    """Return the form of the Open Inference Protocol."""
    return {"error": problem.message}


_FORMS: Final[Mapping[str, Form]] = {"/customvision/": build_custom_vision_error, "/v2/": build_inference_error}


def choose_form(path: str) -> Form:
    """Return how an error of the route at `path` is written."""
    small = f"{path.lower()}/"
    return next((form for prefix, form in _FORMS.items() if small.startswith(prefix)), build_envelope)
