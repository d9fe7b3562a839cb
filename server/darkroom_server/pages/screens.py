"""What all screens have in common: one visit of one person, and what they see where something is wrong.

Owns the order of a visit: its origin, who it is, what they may see. Must not know any particular screen.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote, urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from darkroom_server.auth.admission import Caller, Verb
from darkroom_server.backends.backend import BackendProblem, Kind, Refused, Stored, Unavailable
from darkroom_server.http.problems import Problem, not_found
from darkroom_server.pages import rendering, session
from darkroom_server.routes import calls
from darkroom_server.routes.parts import Parts

SIGN_IN: Final = f"{session.ROOT}/sign-in"
PAGE_SIZE: Final = 12


@dataclass(frozen=True)
class Visit:
    """One request of a person's browser."""

    parts: Parts
    request: Request
    signed: Request
    """The same as admission sees it."""

    @property
    def name(self) -> str:
        """Return the resource that the path names."""
        return str(self.request.path_params["name"])

    async def admit(self, verb: Verb, kind: Kind) -> Caller:
        """Return who it is; raises the Problem of one who may not."""
        return await self.parts.admission.admit(self.signed, verb, kind)

    async def may(self, verb: Verb, kind: Kind) -> bool:
        """Return whether the person, who is let in, may do this as well."""
        try:
            await self.admit(verb, kind)
        except Problem as problem:
            if problem.status == 403:
                return False
            raise
        return True

    async def find(self, kind: Kind, name: str | None = None) -> Stored:
        """Return a resource that the person may see, the one of the path unless another is named; raises a Problem."""
        caller = await self.admit("get", kind)
        wanted = name if name is not None else self.name
        with calls.explained(kind, wanted):
            found = await self.parts.backend.find(kind, caller.namespace, wanted)
        if found is None:
            raise not_found(f"there is no {kind} {wanted[:80]!r} in namespace {caller.namespace}; was it deleted?")
        return found

    async def list_all(self, kind: Kind) -> list[Stored]:
        """Return all resources of a kind that the person may see, newest first; raises a Problem."""
        caller = await self.admit("list", kind)
        with calls.explained(kind, ""):
            return calls.sort_newest_first(await self.parts.backend.list_all(kind, caller.namespace))

    async def render(self, template: str, kind: Kind, status: int = 200, **values: Any) -> Response:
        """Return a screen about resources of `kind`, with what stands on every one."""
        caller = await self.admit("get", kind)
        shared = {"root": session.ROOT, "caller": caller, "kind": kind, "has_session": self.request is not self.signed}
        return rendering.render_page(template, {**shared, **values}, status)


Show = Callable[[Visit], Awaitable[Response]]
Endpoint = Callable[[Request], Awaitable[Response]]


def build_screen(parts: Parts, show: Show, *, is_change: bool = False) -> Endpoint:
    """Return a route's function for a whole screen: whoever is not signed in is asked to, and a Problem is a page."""

    async def answer(request: Request) -> Response:
        try:
            return await show(_visit(parts, request, is_change=is_change))
        except Problem as problem:
            if problem.status == 401:
                return RedirectResponse(_build_return(request), 303, {"Cache-Control": "no-store"})
            return show_problem(problem)

    return answer


def build_part(parts: Parts, show: Show, *, is_change: bool = False) -> Endpoint:
    """Return a route's function for what a screen's script or a frame asks for: a Problem stays JSON."""

    async def answer(request: Request) -> Response:
        return await show(_visit(parts, request, is_change=is_change))

    return answer


def _visit(parts: Parts, request: Request, *, is_change: bool) -> Visit:
    if is_change:
        session.check_origin(request)
    return Visit(parts, request, session.sign(request, session.read_session(request)))


def _build_return(request: Request) -> str:
    """Return the address of the page to sign in at, which leads back to this one."""
    if request.method != "GET":
        return SIGN_IN
    query = f"?{request.url.query}" if request.url.query else ""
    return f"{SIGN_IN}?{urlencode({'next': quote(request.url.path) + query})}"


def show_problem(problem: Problem) -> Response:
    """Return a page that says what is wrong."""
    values = {"root": session.ROOT, "status": problem.status, "message": problem.message}
    return rendering.render_page("problem.html", values, problem.status)


def explain(problem: BackendProblem, what: str) -> Problem:
    """Return the Problem that a person sees, where results of a resource cannot be had."""
    if isinstance(problem, Unavailable):
        return Problem(503, "ServiceUnavailable", f"{what} cannot be reached now; try again", retry_after_seconds=5)
    if isinstance(problem, Refused):
        return Problem(409, "NotReadable", f"{what} cannot be read: {problem}")
    return not_found(f"{what} is not there: {problem}")


@dataclass(frozen=True)
class Part:
    """Which items of a list a page shows, and where the others are."""

    items: list[Any]
    number: int
    count: int
    total: int


def cut_page(request: Request, items: list[Any], size: int = PAGE_SIZE) -> Part:
    """Return the page that `?page=` asks for, the nearest where there is none of that number."""
    text = request.query_params.get("page", "1")
    count = max(1, -(-len(items) // size))
    number = min(max(1, int(text) if text.isascii() and text.isdecimal() and len(text) < 9 else 1), count)
    return Part(items[(number - 1) * size : number * size], number, count, len(items))
