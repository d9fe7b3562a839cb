"""Templates to answers: what a browser may do with what it is sent.

Owns the headers of every answer to a browser. Escaping is the shared environment's. Must not know any screen.
"""

import pathlib
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from starlette.responses import Response

from darkroom_report.templating import build_environment, render
from darkroom_server.pages import assets

PAGE_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self'; "
    "frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
FRAME_POLICY: Final = (
    "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'self'"
)
"""Of a report, which a stranger may have written: nothing of it runs, loads or sends, in whatever window it is."""
FILE_POLICY: Final = "default-src 'none'; sandbox"
_HEADERS: Final = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",  # with none at all, browsers would not say of a form which page it came from
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}


def build_headers(policy: str) -> dict[str, str]:
    """Return the headers of an answer to a browser; nothing is kept on its disk."""
    return {**_HEADERS, "Content-Security-Policy": policy}


def render_page(template: str, values: Mapping[str, Any], status: int = 200) -> Response:
    """Return a whole screen, or a part of one."""
    return Response(render(_ENVIRONMENT, template, **values), status, build_headers(PAGE_POLICY), "text/html")


def show_moment(value: datetime | None) -> str:
    """Return a moment as people read it, in UTC."""
    return value.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC") if value is not None else ""


def show_difference(value: float | None) -> str:
    """Return how much a score is better (+) or worse."""
    return "" if value is None else f"{value:+.3f}".replace("-", "\N{MINUS SIGN}")


def show_file(address: str) -> str:
    """Return the last part of a file's address, without the token that may follow it."""
    return address.partition("?")[0].rstrip("/").rpartition("/")[2]


_ENVIRONMENT: Final = build_environment(pathlib.Path(__file__).parent / "templates")
_ENVIRONMENT.filters.update(show_moment=show_moment, show_difference=show_difference, file_of=show_file)
_ENVIRONMENT.globals.update(version=assets.VERSION)
