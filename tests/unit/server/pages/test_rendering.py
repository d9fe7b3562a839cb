"""What a browser may do with an answer."""

from datetime import UTC, datetime

import pytest

from darkroom_server.pages import rendering
from tests.support.server.browsing import signed_in


def test_a_page_runs_no_script_but_its_own_and_lies_in_no_frame(address: str) -> None:
    headers = signed_in(address).get("/models").headers
    policy = dict(part.strip().partition(" ")[::2] for part in headers["content-security-policy"].split(";"))
    assert policy["script-src"] == policy["style-src"] == policy["form-action"] == policy["connect-src"] == "'self'"
    assert policy["default-src"] == policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    assert "unsafe" not in headers["content-security-policy"]
    assert (headers["x-content-type-options"], headers["cache-control"]) == ("nosniff", "no-store")


def test_every_text_of_a_template_is_escaped() -> None:
    said = '<script>alert("1")</script>\u202e'
    values = {"root": "/ui", "status": 400, "message": said}
    body = bytes(rendering.render_page("problem.html", values).body).decode()
    assert "<script" not in body
    assert "&lt;script&gt;alert(&#34;1&#34;)" in body
    assert "\u202e" not in body


@pytest.mark.parametrize(("value", "shown"), [(0.0123, "+0.012"), (-0.5, "\N{MINUS SIGN}0.500"), (None, "")])
def test_a_difference_has_its_sign(value: float | None, shown: str) -> None:
    assert rendering.show_difference(value) == shown


def test_moments_and_files_are_shown_short() -> None:
    assert rendering.show_moment(datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)) == "2026-01-02 03:04 UTC"
    assert rendering.show_moment(None) == ""
    assert rendering.show_file("https://a.example/b/c.png?sig=secret") == "c.png"
