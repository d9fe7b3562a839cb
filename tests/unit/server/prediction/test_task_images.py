"""Images of labelling tasks: which host is shown the token of a setup, and how many setups are remembered."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from darkroom_server.config import FetchLimits
from darkroom_server.prediction.failures import UrlUnfit
from darkroom_server.prediction.fetching import Fetcher
from darkroom_server.prediction.task_images import MAX_HOSTS, LabellingHost, LabellingHosts, fetch_task_image
from tests.support.server.images import Handler, ImageHost, serving_images
from tests.support.server.parts import ModelFolders

SHOWN: list[str | None] = []
KEY = ("default", "fruit", "1.2")


def _tell(handler: Handler) -> None:
    SHOWN.append(handler.headers.get("Authorization"))
    handler.send_response(200)
    handler.end_headers()
    handler.wfile.write(b"image")


@pytest.fixture(scope="module")
def studio() -> Iterator[ImageHost]:
    def away(handler: Handler) -> None:
        SHOWN.append(handler.headers.get("Authorization"))
        handler.send_response(302)
        handler.send_header("Location", f"{bucket.url}/a.png")
        handler.end_headers()

    with (
        serving_images({"/a.png": _tell}) as bucket,
        serving_images({"/data/a.png": _tell, "/data/b.png": away}) as host,
    ):
        host.asked.append(bucket.url)
        yield host


def fetch(address: Any, host: LabellingHost | None, *allowed: str) -> bytes:
    SHOWN.clear()
    fetcher = Fetcher(FetchLimits(allowed_prefixes=allowed), 1000)
    return asyncio.run(fetch_task_image(address, "one", host, fetcher, ModelFolders(), 1000))


@pytest.mark.parametrize("address", ["/data/a.png", "STUDIO/data/a.png"])
def test_a_file_of_label_studio_is_read_with_its_token(studio: ImageHost, address: str) -> None:
    host = LabellingHost(studio.url, "t0ken")
    assert fetch(address.replace("STUDIO", studio.url), host, f"{studio.url}/") == b"image"
    assert SHOWN == ["Token t0ken"]


def test_another_host_is_not_shown_the_token(studio: ImageHost) -> None:
    bucket = studio.asked[0]
    host = LabellingHost(studio.url, "t0ken")
    assert fetch("/data/b.png", host, f"{studio.url}/", f"{bucket}/") == b"image"
    assert SHOWN == ["Token t0ken", None]
    for address in (f"{bucket}/a.png", f"{bucket.removeprefix('http:')}/a.png"):
        assert fetch(address, host, f"{studio.url}/", f"{bucket}/") == b"image"
        assert SHOWN == [None]


def test_half_an_address_is_refused(studio: ImageHost) -> None:
    with pytest.raises(UrlUnfit, match="not the address of an image"):
        fetch("//[x/a.png", LabellingHost(studio.url, "t0ken"))


def test_a_private_label_studio_is_asked_only_where_the_administrator_allows_it(studio: ImageHost) -> None:
    with pytest.raises(UrlUnfit, match="not public"):
        fetch("/data/a.png", LabellingHost(studio.url, "t0ken"))
    assert SHOWN == []


@pytest.mark.parametrize(
    ("address", "said"),
    [
        (None, "no address of an image"),
        ("", "no address of an image"),
        ("/data/a.png", "not the address of an image"),
        ("s3://vision/a.png", "not found"),
        ("a.png", "not the address of an image"),
        ("file:///etc/passwd", "not the address of an image"),
    ],
)
def test_an_address_that_leads_nowhere_is_told_with_what_to_do(address: Any, said: str) -> None:
    with pytest.raises(UrlUnfit, match=said):
        fetch(address, None)


@pytest.mark.parametrize("url", [None, 7, "", "ftp://host/", "http://[x", "https://", "https://host/" + "x" * 2048])
def test_what_is_no_address_of_a_label_studio_is_not_kept(url: Any) -> None:
    hosts = LabellingHosts()
    hosts.remember(KEY, url, "t0ken")
    assert hosts.find(KEY) is None


@pytest.mark.parametrize("token", [None, 7, "two\r\nlines", "ä", "x" * 5000])
def test_what_no_header_can_hold_is_no_token(token: Any) -> None:
    hosts = LabellingHosts()
    hosts.remember(KEY, "https://studio", token)
    assert hosts.find(KEY) == LabellingHost("https://studio", "")
    assert "t0ken" not in repr(LabellingHost("https://studio", "t0ken"))


def test_a_namespace_that_sets_up_many_projects_takes_no_other_ones_place() -> None:
    hosts = LabellingHosts()
    hosts.remember(KEY, "https://studio", "t")
    for number in range(MAX_HOSTS + 5):
        hosts.remember(("busy", "fruit", str(number)), "https://studio", "t")
    assert hosts.find(KEY) is not None
    assert hosts.find(("busy", "fruit", "5")) is None
    assert hosts.find(("busy", "fruit", str(MAX_HOSTS + 4))) is not None


def test_the_project_that_was_longest_not_used_is_forgotten() -> None:
    hosts = LabellingHosts()
    for number in range(MAX_HOSTS):
        hosts.remember(("default", "fruit", str(number)), "https://studio", "t")
    assert hosts.find(("default", "fruit", "0")) is not None
    hosts.remember(KEY, "https://studio", "t")
    assert hosts.find(("default", "fruit", "1")) is None
    assert hosts.find(("default", "fruit", "0")) is not None
