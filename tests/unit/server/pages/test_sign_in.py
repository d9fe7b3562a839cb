"""Signing in with a key, and what those see who have not."""

import pytest

from darkroom_server.pages.assets import ASSETS
from tests.support.server.browsing import Browser, signed_in
from tests.support.server.parts import KEY
from tests.support.server.running import send


@pytest.mark.parametrize("path", ["/", "/ui", "/ui/"])
def test_the_address_alone_leads_to_the_models(address: str, path: str) -> None:
    answer = send(address, path)
    assert (answer.status, answer.headers["location"]) == (303, "/ui/models")


def test_whoever_is_not_signed_in_is_asked_to_and_led_back(address: str) -> None:
    answer = Browser(address).get("/models?page=2")
    assert (answer.status, answer.headers["location"]) == (303, "/ui/sign-in?next=%2Fui%2Fmodels%3Fpage%3D2")
    asked = send(address, answer.headers["location"])
    assert b'value="/ui/models?page=2"' in asked.body


def test_a_key_opens_the_page_it_was_asked_for_and_stands_in_no_answer(address: str) -> None:
    browser = Browser(address)
    answer = browser.sign_in(back="/ui/datasets?page=2")
    assert (answer.status, answer.headers["location"]) == (303, "/ui/datasets?page=2")
    page = browser.get("/models")
    assert page.status == 200
    assert KEY.encode() not in page.body + str(page.headers).encode() + answer.body


@pytest.mark.parametrize(
    "back",
    [
        "https://evil.example/",
        "//evil.example",
        "/ui/../../x y",
        "/ui/\\evil",
        "/other",
        "/ui/sign-in",
        "/ui/a\r\nX: y",
        "//[",
    ],
)
def test_nobody_is_led_elsewhere(address: str, back: str) -> None:
    assert Browser(address).sign_in(back=back).headers["location"] == "/ui/models"


def test_a_form_of_too_many_fields_is_refused(address: str) -> None:
    answer = Browser(address).post("/sign-in", b"&".join([b"a=1"] * 60))
    assert (answer.status, b"too many fields" in answer.body) == (400, True)


@pytest.mark.parametrize(
    ("secret", "namespace", "says"),
    [
        ("no-key-of-this-server", "", b"is known here"),
        ("", "", b"Type a key"),
        (KEY, "Not A Name", b"is no name of a namespace"),
    ],
)
def test_what_opens_nothing_is_refused_in_words_and_not_repeated(
    address: str, secret: str, namespace: str, says: bytes
) -> None:
    answer = Browser(address).sign_in(secret, namespace)
    assert (answer.status, says in answer.body, "set-cookie" in answer.headers) == (401, True, False)
    assert not secret or secret.encode() not in answer.body


def test_another_site_signs_nobody_in_or_out(address: str) -> None:
    browser = Browser(address, headers={"Origin": "https://evil.example"})
    assert browser.sign_in().status == 403
    assert browser.post("/sign-out", {}).status == 403


def test_after_signing_out_the_page_asks_again(address: str) -> None:
    browser = signed_in(address)
    answer = browser.post("/sign-out", {})
    assert (answer.status, 'darkroom-session=""' in answer.headers["set-cookie"]) == (303, True)
    assert answer.headers["clear-site-data"] == '"cache"'


def test_the_cookie_opens_no_route_for_programs(address: str) -> None:
    cookie = {"Cookie": signed_in(address).cookie}
    assert send(address, "/computervision/models?api-version=2023-04-01-preview", headers=cookie).status == 401


def test_scripts_and_styles_come_from_this_host_whoever_asks(address: str) -> None:
    for name, (data, media_type) in ASSETS.items():
        answer = send(address, f"/ui/static/{name}")
        assert (answer.status, answer.body, answer.headers["content-type"].partition(";")[0]) == (200, data, media_type)
        assert b"http" not in data.replace(b"http://www.w3.org/", b"") or name == "style.css"
    assert send(address, "/ui/static/..%2Fassets.py").status == 404
