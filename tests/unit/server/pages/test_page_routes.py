"""What all routes of the page have in common."""

import pytest
from starlette.routing import Route

from darkroom_server.pages.page_routes import list_routes
from tests.support.server.parts import some_parts
from tests.support.server.running import send

ROUTES = [
    (method, route.path.format(name="classifier", file="1.jpg"))
    for route in list_routes(some_parts())
    if isinstance(route, Route)
    for method in sorted(route.methods or ())
    if method != "HEAD"
]
OPEN = ("/", "/ui", "/ui/", "/ui/sign-in", "/ui/static/1.jpg")
"""What whoever has not signed in may have."""


@pytest.mark.parametrize(("method", "path"), [each for each in ROUTES if each[1] not in (*OPEN, "/ui/sign-out")])
def test_nothing_is_told_or_done_without_signing_in(address: str, method: str, path: str) -> None:
    answer = send(address, path, b"{}" if method != "GET" else None, {"Origin": address}, method)
    is_led = answer.status == 303 and answer.headers["location"].startswith("/ui/sign-in")
    assert is_led or answer.status == 401, answer.status


@pytest.mark.parametrize("path", ["/ui/nothing", "/ui/models/x/state", "/ui/static/x", "/ui/predictions/x/review"])
def test_a_browser_takes_no_refusal_for_a_page(address: str, path: str) -> None:
    headers = send(address, path).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'"


@pytest.mark.parametrize(("method", "path"), [each for each in ROUTES if each[0] != "GET"])
def test_every_change_is_refused_to_another_site(address: str, method: str, path: str) -> None:
    assert send(address, path, b"{}", {"Origin": "https://evil.example"}, method).status == 403


def test_no_route_of_the_page_hides_one_for_programs() -> None:
    assert all(path == "/" or path.startswith("/ui") for _, path in ROUTES)
