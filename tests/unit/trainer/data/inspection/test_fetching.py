"""What becomes of each image that is fetched, and which failures of storage end the run instead."""

import http.server
import pathlib
import ssl
import threading
from collections.abc import Iterator, Mapping
from typing import Any, Final

import numpy as np
import pytest
from PIL import Image

from darkroom_api.run_config import StorageAccess
from darkroom_predict.images import ImageProblem
from darkroom_storage.errors import (
    AddressForbidden,
    CertificateRefused,
    ObjectMissing,
    ObjectTooLarge,
    StorageError,
    StorageRefused,
    StorageUnreachable,
)
from darkroom_storage.objects import Fetched, ObjectInfo, Storage, open_storage
from darkroom_trainer.data.inspection import fetching
from darkroom_trainer.data.inspection.fetching import Check, CheckedImage, ImageMissing, check_images, fetch_images
from darkroom_trainer.data.records.catalog import CatalogImage
from tests.certificate import HOST, write_certificate
from tests.local_storage import LOCAL, a_listing
from tests.support.coco_builders import a_picture

PICTURE: Final = a_picture(100, 50)
NO_BOXES: Final = np.zeros((0, 4), np.float32)
PEM: Final = "key ca.crt of the Secret with the bucket's credentials, in trainer.certificateAuthorities"


class PlayedStorage(Storage):
    """Answers with a picture, or with the error of an address."""

    def __init__(self, errors: Mapping[str, StorageError]) -> None:
        super().__init__(LOCAL, {})
        self._errors = errors

    def read(self, uri: str, limit_bytes: int = 0) -> Fetched:  # noqa: ARG002
        if uri in self._errors:
            raise self._errors[uri]
        return Fetched(PICTURE, ObjectInfo(len(PICTURE), "etag"))


def an_entry(uri: str | None, *others: str) -> CatalogImage:
    return CatalogImage("image 1 (a.json)", 1, "a.json", uri, None, (), NO_BOXES, other_uris=others)


def check(*addresses: str, storage: Storage, folder: pathlib.Path | None = None) -> list[Check]:
    entries = [an_entry(address) for address in addresses]
    return list(check_images(entries, storage, folder, patience_seconds=0))


WEB: Final = "https://pictures.test/a.png"
OF_ONE_IMAGE: Final = {
    "it is too large": (ObjectTooLarge(WEB, "9 bytes"), "is too large: 9 bytes; make it smaller"),
    "its address is forbidden": (AddressForbidden(WEB, "private"), "may not be read: private"),
    "its server says more": (ObjectMissing(WEB, "no host"), "does not exist: no host; upload it or fix its address"),
    "its host's certificate is not trusted": (
        CertificateRefused(WEB, "self-signed"),
        "is on a server whose certificate is not trusted: self-signed",
    ),
}


@pytest.mark.parametrize(("error", "words"), OF_ONE_IMAGE.values(), ids=OF_ONE_IMAGE.keys())
def test_what_is_wrong_with_one_image_is_told_of_it_and_the_others_are_read(error: StorageError, words: str) -> None:
    wrong, right = check(WEB, "https://pictures.test/b.png", storage=PlayedStorage({WEB: error}))
    assert str(wrong) == f"image {WEB} {words}"
    assert isinstance(right, CheckedImage)
    assert (right.size.width, right.size.height, right.path) == (100, 50, None)


@pytest.mark.parametrize(
    ("address", "error"),
    [
        ("s3://b/a.png", CertificateRefused("s3://b/a.png", "self-signed")),
        ("s3://b/a.png", StorageUnreachable("s3://b/a.png")),
        (WEB, StorageRefused(WEB)),
    ],
    ids=["the bucket's certificate", "a bucket that does not answer", "a wrong token"],
)
def test_what_concerns_all_images_ends_the_run(address: str, error: StorageError) -> None:
    with pytest.raises(type(error)):
        check(address, storage=PlayedStorage({address: error}))


def test_an_image_is_taken_from_the_first_of_its_addresses_that_has_it(tmp_path: pathlib.Path) -> None:
    image = an_entry("s3://b/a%20b.png", "s3://b/a b.png", "s3://b/a-b.png")
    gone = {uri: ObjectMissing(uri) for uri in (image.uri or "", *image.other_uris)}
    (nowhere,) = check_images([image], PlayedStorage(gone), None, patience_seconds=0)
    assert isinstance(nowhere, ImageMissing)
    assert str(nowhere) == "image s3://b/a%20b.png does not exist"
    del gone["s3://b/a b.png"], gone["s3://b/a-b.png"]
    (found,) = check_images([image], PlayedStorage(gone), tmp_path / "kept", patience_seconds=0)
    assert isinstance(found, CheckedImage)
    assert (found.uri, found.path) == ("s3://b/a b.png", tmp_path / "kept" / "0000000")
    assert (tmp_path / "kept" / "0000000").read_bytes() == PICTURE


def test_an_image_without_an_address_is_passed_over() -> None:
    (check,) = check_images([an_entry(None)], PlayedStorage({}), None)
    assert str(check) == "has no address"


def test_another_use_of_images_gets_place_address_and_bytes_and_may_refuse_one() -> None:
    def use(place: int, uri: str, found: Fetched) -> tuple[int, str, int]:
        if place == 1:
            raise ImageProblem("is too red")
        return place, uri, len(found.data)

    images = (an_entry(f"s3://b/{number}.png") for number in range(200))
    first, second, *_, last = fetch_images(images, PlayedStorage({}), use)
    assert (first, str(second), last) == (
        (0, "s3://b/0.png", len(PICTURE)), "is too red", (199, "s3://b/199.png", len(PICTURE)),
    )  # fmt: skip


def test_images_are_fetched_no_faster_than_they_are_taken() -> None:
    asked: list[int] = []

    def list_images() -> Iterator[CatalogImage]:
        for number in range(10_000):
            asked.append(number)
            yield an_entry(f"s3://b/{number}.png")

    fetched = fetch_images(list_images(), PlayedStorage({}), lambda place, _uri, _found: place)
    assert [next(fetched) for _ in range(3)] == [0, 1, 2]
    assert len(asked) < 100
    fetched.close()  # type: ignore[attr-defined]


def test_the_first_images_leave_upright_previews(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "MAX_PREVIEWS", 3)
    exif = Image.Exif()
    exif[0x0112] = 6
    pictures = {"s3://b/0": a_picture(1300, 650, "JPEG", exif=exif), "s3://b/1": b"text", "s3://b/2": a_picture(20, 10)}

    class Pictures(PlayedStorage):
        def read(self, uri: str, limit_bytes: int = 0) -> Fetched:  # noqa: ARG002
            data = pictures.get(uri, PICTURE)
            return Fetched(data, ObjectInfo(len(data), "etag"))

    entries = [an_entry(f"s3://b/{number}") for number in range(5)]
    checks = list(check_images(entries, Pictures({}), None, preview_folder=tmp_path))
    assert [isinstance(check, CheckedImage) for check in checks] == [True, False, True, True, True]
    made = {path.name: Image.open(path) for path in (tmp_path / "previews").iterdir()}
    assert {name: picture.size for name, picture in made.items()} == {"000001.jpg": (320, 640), "000003.jpg": (20, 10)}
    grey = np.asarray(made["000001.jpg"].convert("L"), dtype=int)
    assert grey[0].mean() < 20 < 230 < grey[-1].mean(), "turned as it is seen"
    assert list(tmp_path.iterdir()) == [tmp_path / "previews"], "the images themselves are not kept"


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(PICTURE)))
        self.end_headers()
        self.wfile.write(PICTURE)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def host(tmp_path: pathlib.Path) -> Iterator[str]:
    """Run a server with a certificate that nobody knows."""
    write_certificate(tmp_path / "both.pem")
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "both.pem")
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"https://{HOST}:{server.server_address[1]}"
    server.shutdown()


def test_a_host_with_a_certificate_of_its_own_is_named_with_what_to_do(host: str, tmp_path: pathlib.Path) -> None:
    (tmp_path / "b.png").write_bytes(PICTURE)
    storage = open_storage(StorageAccess(reach=a_listing(host)))
    wrong, right = check(f"{host}/a.png", (tmp_path / "b.png").as_uri(), storage=storage)
    assert str(wrong).startswith(f"image {host}/a.png is on a server whose certificate is not trusted: self-signed")
    assert PEM in str(wrong)
    assert isinstance(right, CheckedImage)
