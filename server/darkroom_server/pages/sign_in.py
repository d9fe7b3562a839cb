"""Signing in and out, the way to the first screen, and the files that every page loads.

Owns these routes. Must not decide whom to let in: the admission of all other routes does.
"""

import urllib.parse
from typing import Final

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from darkroom_server.auth.keys import NAMESPACE
from darkroom_server.http import bodies
from darkroom_server.http.problems import Problem, bad_request, not_found
from darkroom_server.pages import rendering
from darkroom_server.pages.assets import ASSETS
from darkroom_server.pages.screens import SIGN_IN, show_problem
from darkroom_server.pages.session import ROOT, Session, check_origin, forget_session, keep_session, sign
from darkroom_server.routes.parts import Parts

FIRST: Final = f"{ROOT}/models"
MAX_FORM_BYTES: Final = 64 * 1024


def list_routes(parts: Parts) -> list[BaseRoute]:
    """Return the routes."""
    routes = _SignInRoutes(parts)
    return [
        Route("/", _go_first, methods=["GET"]),
        Route(ROOT, _go_first, methods=["GET"]),
        Route(f"{ROOT}/", _go_first, methods=["GET"]),
        Route(SIGN_IN, routes.ask, methods=["GET"]),
        Route(SIGN_IN, routes.sign_in, methods=["POST"]),
        Route(f"{ROOT}/sign-out", routes.sign_out, methods=["POST"]),
        Route(f"{ROOT}/static/{{file}}", _send_static, methods=["GET"]),
    ]


async def read_form(request: Request) -> dict[str, str]:
    """Return the fields of a form; raises a Problem."""
    text = (await bodies.read_body(request, MAX_FORM_BYTES, seconds=30)).decode("utf-8", "replace")
    try:
        return dict(urllib.parse.parse_qsl(text, keep_blank_values=True, max_num_fields=50))
    except ValueError:
        raise bad_request("the form has too many fields") from None


async def _go_first(_: Request) -> Response:
    return RedirectResponse(FIRST, 303)


class _SignInRoutes:
    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def ask(self, request: Request) -> Response:
        return _ask(_read_next(request.query_params.get("next", "")))

    async def sign_in(self, request: Request) -> Response:
        try:
            check_origin(request)
            form = await read_form(request)
            back, secret = _read_next(form.get("next", "")), form.get("secret", "").strip()
            namespace = form.get("namespace", "").strip()
            session = await self._find_session(request, secret, namespace)
        except Problem as problem:
            return show_problem(problem)
        if isinstance(session, str):
            return _ask(back, session, namespace)
        answer = RedirectResponse(back, 303, {"Cache-Control": "no-store"})
        keep_session(request, answer, session)
        return answer

    async def _find_session(self, request: Request, secret: str, namespace: str) -> Session | str:
        """Return the session of what was typed, a key or else a token; or why it opens nothing."""
        if namespace and not NAMESPACE.fullmatch(namespace):
            return f"{namespace[:80]!r} is no name of a namespace."
        said = "Type a key of this server, or a token of the cluster."
        for session in (Session(key=secret), Session(token=secret, namespace=namespace)) if secret else ():
            try:
                await self._parts.admission.admit(sign(request, session), "list", "Model")
            except Problem as problem:
                said = "No key and no token of that text is known here." if problem.status == 401 else problem.message
            else:
                return session
        return said

    async def sign_out(self, request: Request) -> Response:
        try:
            check_origin(request)
        except Problem as problem:
            return show_problem(problem)
        answer = RedirectResponse(SIGN_IN, 303, {"Clear-Site-Data": '"cache"'})
        forget_session(request, answer)
        return answer


def _ask(back: str, said: str = "", namespace: str = "") -> Response:
    values = {"root": ROOT, "next": back, "said": said, "namespace": namespace}
    return rendering.render_page("sign-in.html", values, 401 if said else 200)


def _read_next(text: str) -> str:
    """Return where to go after signing in: a screen of this page, wherever a stranger's link would lead."""
    is_ours = text.startswith(f"{ROOT}/") and text.isprintable()
    return text if is_ours and not text.startswith(SIGN_IN) and "\\" not in text and " " not in text else FIRST


async def _send_static(request: Request) -> Response:
    found = ASSETS.get(request.path_params["file"])
    if found is None:
        raise not_found("there is no such file")
    data, media_type = found
    headers = rendering.build_headers(rendering.FILE_POLICY) | {"Cache-Control": "public, max-age=86400"}
    return Response(data, 200, headers, media_type)
