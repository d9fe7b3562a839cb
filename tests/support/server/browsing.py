"""A browser without a window: it keeps the cookie, follows no redirect, and says where its requests come from.

Owns no expectation.
"""

import urllib.parse
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.support.server.parts import KEY
from tests.support.server.running import Answer, send


@dataclass
class Browser:
    """Of one person."""

    address: str
    cookie: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    """Sent with every request, in the place of the usual ones."""

    def get(self, path: str) -> Answer:
        """Return a page below `/ui`."""
        return self._send("GET", path)

    def post(self, path: str, form: Mapping[str, str] | bytes) -> Answer:
        """Send a form, or bytes, as a page of the server does."""
        body = form if isinstance(form, bytes) else urllib.parse.urlencode(form).encode()
        return self._send("POST", path, body)

    def put(self, path: str, body: Any) -> Answer:
        """Send JSON as a page's script does."""
        return self._send("PUT", path, body)

    def sign_in(self, secret: str = KEY, namespace: str = "", back: str = "") -> Answer:
        """Sign in, and keep the cookie."""
        answer = self.post("/sign-in", {"secret": secret, "namespace": namespace, "next": back})
        self.cookie = answer.headers.get("set-cookie", "").partition(";")[0]
        return answer

    def _send(self, method: str, path: str, body: Any = None) -> Answer:
        sent = {"Origin": self.address} if method != "GET" else {}
        sent |= {"Cookie": self.cookie} if self.cookie else {}
        return send(self.address, f"/ui{path}", body, sent | self.headers, method)


def signed_in(address: str, secret: str = KEY) -> Browser:
    """Return a browser of a person who has signed in."""
    browser = Browser(address)
    assert browser.sign_in(secret).status == 303
    return browser
