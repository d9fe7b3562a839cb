"""What the routes of a shelf have in common: who calls, the body, and what is said of a failure.

Owns the words of each failure on these routes. Must not know planograms or photos.
"""

import contextlib
from collections.abc import Iterator
from typing import Any

from starlette.requests import Request

from darkroom_server.auth.admission import Caller
from darkroom_server.http import bodies
from darkroom_server.http.problems import Problem, bad_request
from darkroom_server.prediction.failures import PredictionFailure
from darkroom_server.routes import calls
from darkroom_server.routes.parts import Parts
from darkroom_server.routes.predicting import explain
from darkroom_shelf.errors import ShelfProblem, StitchingMissing


async def read_request(parts: Parts, request: Request) -> tuple[Caller, dict[str, Any]]:
    """Return who calls and the JSON object that is sent; raises a Problem."""
    caller = await calls.admit(parts, request, "get", "Model")
    return caller, await bodies.read_json(request, parts.config.bodies)


@contextlib.contextmanager
def explained() -> Iterator[None]:
    """Turn what shelves and workers raise into the Problem of a route."""
    try:
        yield
    except ShelfProblem as problem:
        raise bad_request(str(problem), target=problem.field) from problem
    except StitchingMissing as problem:
        raise Problem(501, "NotImplemented", str(problem)) from problem
    except PredictionFailure as failure:
        raise explain(failure) from failure
