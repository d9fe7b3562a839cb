"""Which images count as labelled, and how they are known again."""

import threading
from collections import Counter

import pytest

from darkroom_api.conditions import Reason
from darkroom_api.run_config import StorageAccess
from darkroom_storage.errors import ObjectMissing, StorageRefused
from darkroom_storage.objects import Fetched, ObjectInfo, Storage, open_storage
from darkroom_trainer.data.records.catalog import CatalogImage
from darkroom_trainer.data.records.dataset import Crowd, no_boxes
from darkroom_trainer.prediction.prelabelling.labelled import LabelledImages, carries_labels
from darkroom_trainer.runtime.errors import RunError
from darkroom_trainer.runtime.stopping import RunStopped
from tests.local_storage import LOCAL


def an_image(
    uri: str | None, *others: str, labels: tuple[int, ...] = (0,), review: str | None = None, crowd: bool = False
) -> CatalogImage:
    group = Crowd((0,), no_boxes()) if crowd else None
    return CatalogImage("image 1", 1, "a", uri, None, labels, no_boxes(), group, other_uris=others, review=review)


REVIEWS = {
    "with a label": (an_image("s3://b/a"), True),
    "with a crowd alone": (an_image("s3://b/a", labels=(), crowd=True), True),
    "without any": (an_image("s3://b/a", labels=()), False),
    "accepted without any": (an_image("s3://b/a", labels=(), review="accepted"), True),
    "with labels that wait for a review": (an_image("s3://b/a", review="pending"), False),
    "with labels that were rejected": (an_image("s3://b/a", review="rejected"), False),
}


@pytest.mark.parametrize(("image", "expected"), REVIEWS.values(), ids=REVIEWS.keys())
def test_an_image_counts_as_labelled(image: CatalogImage, expected: bool) -> None:
    assert carries_labels(image) is expected


class CountedStorage(Storage):
    """Objects by address; counts what is asked of each, and raises what is there in place of bytes."""

    def __init__(self, objects: dict[str, bytes | Exception]) -> None:
        super().__init__(LOCAL, {})
        self._objects = objects
        self.reads: Counter[str] = Counter()
        self.sizes: Counter[str] = Counter()

    def _get(self, uri: str) -> bytes:
        found = self._objects.get(uri, ObjectMissing(uri))
        if isinstance(found, Exception):
            raise found
        return found

    def read(self, uri: str, limit_bytes: int = 0) -> Fetched:  # noqa: ARG002
        self.reads[uri] += 1
        return Fetched(self._get(uri), ObjectInfo(0, ""))

    def find_size(self, uri: str) -> int:
        self.sizes[uri] += 1
        return len(self._get(uri))


def know(storage: Storage, *images: CatalogImage) -> LabelledImages:
    return LabelledImages(images, storage, threading.Event())


def test_addresses_are_known_in_each_spelling_that_may_be_meant() -> None:
    storage = CountedStorage({})
    known = know(
        storage,
        an_image("s3://b/a%20b.png", "s3://b/a b.png"),
        an_image("file:/photos/c%20d.png"),
        an_image("https://web.test/e.png?sig=secret"),
        an_image("s3://b/new.png", labels=()),
        an_image(None),
    )
    shown = {
        uri: known.has_address(uri, storage)
        for uri in (
            "s3://b/a b.png", "s3://b/a%20b.png", "file:///photos/c%20d.png", "https://web.test/e.png", "s3://b/new.png",
        )
    }  # fmt: skip
    assert list(shown.values()) == [True, True, True, True, False]


def test_an_address_of_one_claim_is_none_of_another() -> None:
    photos, inbox = (
        Storage(StorageAccess(volume_claim=claim, volume_dir="/nowhere"), {}) for claim in ("photos", "inbox")
    )
    known = know(photos, an_image("volume:1.png"))
    assert known.has_address("volume:1.png", photos)
    assert not known.has_address("volume:1.png", inbox)


def test_a_copy_is_known_by_its_content_and_only_images_of_its_size_are_read() -> None:
    storage = CountedStorage({"s3://b/1": b"one", "s3://b/2": b"two", "s3://b/3": b"three", "s3://b/4": b"three!"})
    known = know(storage, *(an_image(f"s3://b/{number}") for number in (1, 2, 3, 4, 5)))
    known.note_size("s3://b/4", 6)
    known.measure()
    assert storage.reads.total() == 0
    assert set(storage.sizes) == {"s3://b/1", "s3://b/2", "s3://b/3", "s3://b/5"}, "that of 4 is known"
    found = {data: known.has_content(data) for data in (b"two", b"one", b"six", b"four", b"seven..")}
    assert found == {b"two": True, b"one": True, b"six": False, b"four": False, b"seven..": False}
    assert storage.reads == {"s3://b/1": 1, "s3://b/2": 1}, "each once, and none of another size"


def test_a_labelled_image_that_is_gone_is_nobodys_copy() -> None:
    storage = CountedStorage({"s3://b/1": b"one"})
    known = know(storage, an_image("s3://b/1"), an_image("s3://b/2"))
    known.note_size("s3://b/2", 3)
    known.measure()
    assert [known.has_content(data) for data in (b"one", b"two")] == [True, False]


def test_a_storage_that_refuses_ends_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("darkroom_trainer.prediction.prelabelling.labelled.retry_storage", lambda action: action())
    known = know(CountedStorage({"s3://b/1": StorageRefused("s3://b/1", "403")}), an_image("s3://b/1"))
    with pytest.raises(RunError, match=r"s3://b/1 was refused: 403") as caught:
        known.measure()
    assert caught.value.reason is Reason.STORAGE_UNAVAILABLE


def test_a_run_that_is_stopped_reads_no_more() -> None:
    storage, stop = CountedStorage({"s3://b/1": b"one"}), threading.Event()
    known = LabelledImages([an_image("s3://b/1")], storage, stop)
    known.measure()
    stop.set()
    with pytest.raises(RunStopped):
        known.has_content(b"two")
    assert storage.reads.total() == 0


def test_copies_of_what_is_in_a_bucket_are_known(access: StorageAccess) -> None:
    bucket = open_storage(access)
    bucket.write_bytes("s3://vision/labelled/a.png", b"bytes of a picture")
    known = know(bucket, an_image("s3://vision/labelled/a.png"))
    known.measure()
    assert [known.has_content(data) for data in (b"bytes of a picture", b"bytes of A picture")] == [True, False]
