"""https addresses through the calls that every storage answers."""

import pathlib

import pytest

from darkroom_api.endpoints import Reach
from darkroom_storage import web
from darkroom_storage.errors import StorageRefused
from darkroom_storage.stores.https import HttpsStore
from darkroom_storage.tokens import ContainerToken

URI = "https://account.example/vision/a.png"
EXPIRED = ContainerToken("https://account.example/vision/", "sp=r&se=2020-01-01T00:00:00Z&sig=x")


def test_what_is_fetched_is_asked_for_with_the_containers_token(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def read(url: str, **_settings: object) -> web.WebObject:
        asked.append(url)
        return web.WebObject(b"image", "tag")

    monkeypatch.setattr(web, "read_https", read)
    store = HttpsStore(Reach(), (EXPIRED,), "")
    assert store.fetch(URI, tmp_path / "copy").etag == "tag"
    assert (tmp_path / "copy").read_bytes() == b"image"
    assert (store.find_size(URI), asked) == (5, [f"{URI}?{EXPIRED.query}"] * 2)


def test_a_refusal_says_when_the_token_expired_and_not_the_token(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(url: str, **_settings: object) -> web.WebObject:
        raise StorageRefused(url, "403")

    monkeypatch.setattr(web, "read_https", refuse)
    with pytest.raises(StorageRefused, match="expired at 2020-01-01T00:00:00Z") as caught:
        HttpsStore(Reach(), (EXPIRED,), "").read(URI, 10)
    assert "sig=" not in str(caught.value)


def test_nothing_is_listed() -> None:
    with pytest.raises(StorageRefused, match="cannot be listed"):
        HttpsStore(Reach(), (), "").iterate_objects(URI, 0.0)
