"""What the routes of resources have in common: who calls and by which version, and what a back end's refusal means.

Must not know any particular resource.
"""

import contextlib
from collections.abc import Iterator, Sequence
from typing import Final

from starlette.requests import Request

from darkroom_server.auth.admission import Caller, Verb
from darkroom_server.backends.backend import (
    AlreadyThere,
    BackendProblem,
    Changed,
    Kind,
    NotThere,
    Refused,
    Stored,
    Unavailable,
)
from darkroom_server.http import paging, queries, versions
from darkroom_server.http.paging import Page
from darkroom_server.http.problems import Problem, bad_request, not_found
from darkroom_server.resources.lookup import find_resource
from darkroom_server.resources.names import check_name
from darkroom_server.routes.parts import Parts

BASE: Final = "/computervision"
AWAY_SECONDS: Final = 5
"""After which to come again, where the cluster does not answer."""


async def admit(parts: Parts, request: Request, verb: Verb, kind: Kind) -> Caller:
    """Return who calls, by a version that is known; raises a Problem."""
    caller = await parts.admission.admit(request, verb, kind)
    versions.check_version(queries.read_query(request))
    return caller


async def find_named(parts: Parts, caller: Caller, kind: Kind, name: str) -> Stored:
    """Return a resource by its REST name; raises the Problem 404."""
    with explained(kind, name):
        found = await find_resource(parts.backend, kind, caller.namespace, check_name(name, f"{kind.lower()}Name"))
    if found is None:
        raise build_missing(kind, name)
    return found


async def find_dataset(parts: Parts, caller: Caller, name: str, field: str) -> Stored:
    """Return the Dataset that a field of a body names; raises the Problem 400 `DatasetNotFound`."""
    with explained("Dataset", name):
        found = await find_resource(parts.backend, "Dataset", caller.namespace, check_name(name, field))
    if found is None:
        raise Problem(400, "DatasetNotFound", f"{field}: there is no Dataset {name}; register it first", field)
    return found


def read_page(request: Request) -> Page:
    """Return which part of a list is asked for."""
    return paging.read_page(queries.read_query(request))


def sort_newest_first(found: Sequence[Stored]) -> list[Stored]:
    """Return resources in the order of lists."""
    return sorted(found, key=lambda item: (item.created_at, item.name), reverse=True)


def build_missing(kind: Kind, name: str) -> Problem:
    """Return the Problem of a resource that is not there."""
    return not_found(f"there is no {kind} {name}; check the name, and which namespace the key is for")


@contextlib.contextmanager
def explained(kind: Kind, name: str, passing: type[BackendProblem] | tuple[()] = ()) -> Iterator[None]:
    """Turn what a back end raises about a resource into the Problem of a route, but for `passing`."""
    try:
        yield
    except passing:
        raise
    except BackendProblem as problem:
        raise _explain(problem, kind, name) from problem


def _explain(problem: BackendProblem, kind: Kind, name: str) -> Problem:
    match problem:
        case AlreadyThere():
            return build_taken(kind, name)
        case NotThere():
            return build_missing(kind, name)
        case Changed():
            return build_stale(kind, name)
        case Refused():
            return bad_request(str(problem))
        case Unavailable():
            return Problem(503, "ServiceUnavailable", str(problem), retry_after_seconds=AWAY_SECONDS)
    raise AssertionError(problem)


def build_taken(kind: Kind, name: str) -> Problem:
    """Return the Problem of a name that something has already."""
    message = f"there is a {kind} {name} already; delete it first, or choose another name"
    return Problem(409, f"{kind}AlreadyExists", message, f"{kind.lower()}Name")


def build_stale(kind: Kind, name: str) -> Problem:
    """Return the Problem of a caller who has seen an older version."""
    message = f"{kind} {name} has changed since; read it again, and send its eTag in If-Match"
    return Problem(412, "PreconditionFailed", message, "If-Match")


def read_condition(request: Request) -> str | None:
    """Return the version that `If-Match` asks for, None where any will do; quotes and weakness do not count."""
    text = request.headers.get("if-match", "*").strip().removeprefix("W/").strip('"')
    return None if text in ("", "*") else text
