"""Images found by listings, as reading them would find them."""

import pathlib
from collections.abc import Iterator

import pytest

from darkroom_storage.objects import ListedObject, Storage
from darkroom_trainer.data.picture_cache import locating
from darkroom_trainer.data.records.catalog import CatalogImage
from darkroom_trainer.data.records.dataset import no_boxes
from tests.local_storage import LOCAL

FOLDER = "s3://vision/locating"


def an_entry(uri: str | None, *others: str) -> CatalogImage:
    """Return an image at these addresses."""
    return CatalogImage("image 1", 1, "a.json", uri, None, (), no_boxes(), other_uris=others)


def test_images_of_a_bucket_have_the_version_that_a_read_tells(storage: Storage) -> None:
    uris = [f"{FOLDER}/{name}" for name in ("a/ü 1.png", "a/deep/2.png", "b/3.png")]
    for number, uri in enumerate(uris):
        storage.write_bytes(uri, bytes(number))
    located = locating.locate_images(storage, [an_entry(uri) for uri in uris])
    assert located == [(uri, storage.read(uri).info) for uri in uris]


def test_the_first_address_with_an_image_counts(storage: Storage) -> None:
    storage.write_bytes(f"{FOLDER}/other/1.png", b"1")
    located = locating.locate_images(storage, [an_entry(f"{FOLDER}/none/1.png", f"{FOLDER}/other/1.png")])
    assert located is not None
    assert located[0][0] == f"{FOLDER}/other/1.png"


def test_local_files_are_read_for_their_hash(tmp_path: pathlib.Path) -> None:
    (tmp_path / "1.png").write_bytes(b"1")
    storage, uri = Storage(LOCAL, {}), (tmp_path / "1.png").as_uri()
    assert locating.locate_images(storage, [an_entry(f"{uri}.jpg", uri)]) == [(uri, storage.stat(uri))]


UNKNOWN = {
    "an image is nowhere": an_entry(f"{FOLDER}/none/1.png"),
    "an image has no address": an_entry(None),
    "an image is at an address of https": an_entry(f"{FOLDER}/here/1.png", "https://example.com/1.png"),
}


@pytest.mark.parametrize("image", UNKNOWN.values(), ids=UNKNOWN.keys())
def test_nothing_is_said_where(image: CatalogImage, storage: Storage) -> None:
    storage.write_bytes(f"{FOLDER}/here/1.png", b"1")
    assert locating.locate_images(storage, [an_entry(f"{FOLDER}/here/1.png"), image]) is None


class EndlessStorage(Storage):
    """A bucket with more and more beside the images."""

    def __init__(self) -> None:
        super().__init__(LOCAL, {})
        self.listed = 0

    def iterate_objects(self, prefix_uri: str, patience_seconds: float = 0.0) -> Iterator[ListedObject]:  # noqa: ARG002
        while True:
            self.listed += 1
            yield ListedObject(f"{prefix_uri}{self.listed}", 1, "e")


def test_a_folder_without_end_is_left() -> None:
    storage = EndlessStorage()
    assert locating.locate_images(storage, [an_entry("s3://b/1.png")]) is None
    assert storage.listed == locating.MOST_LISTED_MORE + locating.MOST_LISTED_TIMES + 1


@pytest.mark.parametrize(
    ("uris", "folders"),
    [
        pytest.param(["s3://b/a/1", "s3://b/a/2"], ["s3://b/a/"], id="one for all of its images"),
        pytest.param(["s3://b/a/1", "s3://b/a/b/2"], ["s3://b/a/"], id="the outer one"),
        pytest.param(["s3://b/a/1", "s3://b/ab/2"], ["s3://b/a/", "s3://b/ab/"], id="one whose name begins the same"),
        pytest.param(["s3://b/1"], ["s3://b/"], id="a bucket"),
        pytest.param([], [], id="none"),
    ],
)
def test_the_folders_to_list_are(uris: list[str], folders: list[str]) -> None:
    assert locating.list_folders(uris) == folders
