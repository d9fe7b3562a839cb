"""The cookie of a person who has signed in, and requests in their name."""

import pytest
from starlette.responses import Response

from darkroom_server.auth.admission import read_credentials
from darkroom_server.http.problems import Problem
from darkroom_server.pages.session import Session, check_origin, forget_session, keep_session, read_session, sign
from tests.support.server.requests import a_request

TOKEN = Session(token="header.body.signature", namespace="team-a")  # noqa: S106 - made up
KEYED = Session(key="a key: with = and ; signs")


def _keep(session: Session, **headers: str) -> str:
    answer = Response()
    keep_session(a_request(headers=headers), answer, session)
    return answer.headers["set-cookie"]


@pytest.mark.parametrize("session", [TOKEN, KEYED])
def test_a_session_comes_back_from_its_cookie(session: Session) -> None:
    cookie = _keep(session).partition(";")[0]
    assert read_session(a_request(headers={"cookie": cookie})) == session


def test_no_script_and_no_other_site_sees_the_cookie_and_no_route_but_the_pages() -> None:
    attributes = {part.strip().lower() for part in _keep(TOKEN).split(";")[1:]}
    assert {"httponly", "samesite=strict", "secure", "path=/ui"} <= attributes


def test_the_cookie_is_not_secure_where_the_page_is_not() -> None:
    request = a_request()
    request.scope["scheme"] = "http"
    answer = Response()
    keep_session(request, answer, TOKEN)
    assert "secure" not in answer.headers["set-cookie"].lower()
    behind = a_request(headers={"x-forwarded-proto": "https"})
    behind.scope["scheme"] = "http"
    keep_session(behind, answer, TOKEN)
    assert "secure" in answer.headers.getlist("set-cookie")[-1].lower()


def test_a_token_that_no_browser_would_keep_is_refused_in_words() -> None:
    with pytest.raises(Problem, match="too long for a browser"):
        _keep(Session(token="x" * 4000))


@pytest.mark.parametrize("cookie", ["", "key", "key..", "key..%%%", "token.a.", "other..YQ==", "key..//4="])
def test_a_cookie_that_is_none_of_ours_counts_as_absent(cookie: str) -> None:
    assert read_session(a_request(headers={"cookie": f"darkroom-session={cookie}"})) is None


def test_signing_out_ends_the_cookie() -> None:
    answer = Response()
    forget_session(a_request(), answer)
    assert 'darkroom-session=""' in answer.headers["set-cookie"]
    assert "Max-Age=0" in answer.headers["set-cookie"]


def test_a_signed_request_shows_the_session_alone() -> None:
    own = {"prediction-key": "another", "authorization": "Bearer another", "cookie": "a=b"}
    signed = sign(a_request(query="namespace=other", headers=own), TOKEN)
    shown = read_credentials(signed)
    assert (shown.key, shown.token) == ("", TOKEN.token)
    assert signed.query_params["namespace"] == "team-a"
    assert read_credentials(sign(a_request(headers=own), KEYED)).key == KEYED.key


def test_without_a_session_the_request_is_as_it_came() -> None:
    request = a_request(headers={"authorization": "Bearer of-a-proxy"})
    assert read_credentials(sign(request, None)).token == "of-a-proxy"  # noqa: S105 - made up


@pytest.mark.parametrize(
    ("headers", "is_ours"),
    [
        ({"origin": "https://vision.example"}, True),
        ({"origin": "http://vision.example"}, True),  # a proxy has ended the TLS
        ({"origin": "https://evil.example"}, False),
        ({"origin": "https://vision.example.evil.example"}, False),
        ({"origin": "null"}, False),
        ({"origin": "http://["}, False),
        ({}, False),
        ({"sec-fetch-site": "same-origin"}, True),
        ({"sec-fetch-site": "same-site"}, False),
        ({"sec-fetch-site": "cross-site", "origin": "null"}, False),
    ],
)
def test_a_change_is_taken_from_this_page_only(headers: dict[str, str], is_ours: bool) -> None:
    request = a_request(headers=headers, method="POST")
    if is_ours:
        check_origin(request)
    else:
        with pytest.raises(Problem, match="does not come from this page"):
            check_origin(request)
