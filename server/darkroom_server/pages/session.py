"""Who has signed in: the key or token of a person, in a cookie that only this page's own requests carry.

Owns the cookie, and the request as admission sees it. Must not decide whom to let in, keep anything in memory, or show
a secret.
"""

import base64
import binascii
import urllib.parse
from dataclasses import dataclass, field
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from darkroom_server.auth.admission import KEY_HEADERS, NAMESPACE_PARAMETER
from darkroom_server.http.problems import Problem, bad_request

ROOT: Final = "/ui"
COOKIE: Final = "darkroom-session"
MAX_COOKIE_BYTES: Final = 4000
"""Browsers drop a larger one without a word."""
_CREDENTIALS: Final = frozenset({b"authorization", *(name.encode() for name in KEY_HEADERS)})


@dataclass(frozen=True)
class Session:
    """What a person signed in with: a key of the server, or a token of the cluster and the namespace to look at."""

    key: str = field(default="", repr=False)
    token: str = field(default="", repr=False)
    namespace: str = ""


def read_session(request: Request) -> Session | None:
    """Return what the cookie says, None where there is none."""
    kind, _, rest = request.cookies.get(COOKIE, "").partition(".")
    namespace, _, secret = rest.partition(".")
    try:
        opened = base64.urlsafe_b64decode(secret).decode()
    except (binascii.Error, ValueError):
        return None
    if kind == "key" and opened:
        return Session(key=opened)
    return Session(token=opened, namespace=namespace) if kind == "token" and opened else None


def keep_session(request: Request, response: Response, session: Session) -> None:
    """Set the cookie; it ends with the browser. Raises the Problem of a secret that is too long for one."""
    secret = base64.urlsafe_b64encode((session.key or session.token).encode()).decode()
    value = f"key..{secret}" if session.key else f"token.{session.namespace}.{secret}"
    if len(value) > MAX_COOKIE_BYTES:
        message = f"the token is too long for a browser ({len(value):,} bytes); use one of a ServiceAccount, or a key"
        raise bad_request(message, target="secret")
    response.set_cookie(COOKIE, value, path=ROOT, secure=_is_secure(request), httponly=True, samesite="strict")


def forget_session(request: Request, response: Response) -> None:
    """Remove the cookie."""
    response.delete_cookie(COOKIE, path=ROOT, secure=_is_secure(request), httponly=True, samesite="strict")


def _is_secure(request: Request) -> bool:
    """Return whether the person came by https. Whoever lies about the proxy gets no cookie over http, and no more."""
    return "https" in (request.url.scheme, request.headers.get("x-forwarded-proto", ""))


def sign(request: Request, session: Session | None) -> Request:
    """Return the request with what the person signed in with in the place of its own credentials, for admission."""
    if session is None:
        return request
    headers = [(name, value) for name, value in request.scope["headers"] if name.lower() not in _CREDENTIALS]
    if session.key:
        headers.append((KEY_HEADERS[0].encode(), session.key.encode("latin-1", "replace")))
    else:
        headers.append((b"authorization", f"Bearer {session.token}".encode("latin-1", "replace")))
    query = urllib.parse.urlencode({NAMESPACE_PARAMETER: session.namespace} if session.namespace else {})
    return Request({**request.scope, "headers": headers, "query_string": query.encode()}, request.receive)


def check_origin(request: Request) -> None:
    """Raise the Problem of a change that another site asked for, in the name of the person who has signed in here."""
    origin = request.headers.get("origin", "").partition("://")[2]
    is_same = origin != "" and origin == request.headers.get("host")
    if not is_same and request.headers.get("sec-fetch-site") != "same-origin":
        message = "the request does not come from this page; open the page at its own address and try again"
        raise Problem(403, "PermissionDenied", message)
