"""Which images may be answered: names of objects, a folder's and a Dataset's images, and a list on disk."""

import os
import pathlib
import threading
from collections.abc import Iterator
from typing import Final

import pytest

from darkroom_api.conditions import Reason
from darkroom_api.run_config import StorageAccess
from darkroom_storage.errors import StorageUnreachable
from darkroom_storage.objects import ListedObject, Storage
from darkroom_storage.stores.s3 import S3Store
from darkroom_trainer.data.records.catalog import CatalogImage
from darkroom_trainer.data.records.dataset import no_boxes
from darkroom_trainer.prediction.prelabelling.candidates import (
    Candidate,
    CandidateList,
    list_folder,
    list_unlabelled,
)
from darkroom_trainer.prediction.prelabelling.labelled import LabelledImages
from darkroom_trainer.runtime.errors import RunError
from tests.local_storage import LOCAL


def test_a_list_is_read_as_often_as_wanted(tmp_path: pathlib.Path) -> None:
    listed = CandidateList(tmp_path / "list")
    given = [Candidate("a\nb.png", "s3://b/a\nb.png"), Candidate("\ud800 ü", "s3://b/ü", ("s3://b/u", "s3://b/%C3"))]
    for candidate in given:
        listed.add(candidate)
    assert (len(listed), list(listed), list(listed)) == (2, given, given)


def an_image(number: int, labels: tuple[int, ...] = (), review: str | None = None) -> CatalogImage:
    uri = f"s3://b/{number}.png"
    return CatalogImage(f"image {number}", number, f"{number}.png", uri, None, labels, no_boxes(), review=review)


def test_of_a_dataset_images_are_listed_that_nobody_has_labelled(tmp_path: pathlib.Path) -> None:
    listed = CandidateList(tmp_path / "list")
    images = [
        an_image(1, (0,)),
        an_image(2),
        an_image(3, review="accepted"),
        an_image(4, review="pending"),
        an_image(5, (1,), review="rejected"),
    ]
    assert list_unlabelled(images, listed) == 2
    assert [candidate.file for candidate in listed] == ["2.png", "4.png", "5.png"]


class PlayedStorage(Storage):
    """Lists what it is given, below any folder."""

    def __init__(self, objects: Iterator[ListedObject]) -> None:
        super().__init__(LOCAL, {})
        self._objects = objects

    def iterate_objects(self, prefix_uri: str, patience_seconds: float = 0.0) -> Iterator[ListedObject]:  # noqa: ARG002
        return self._objects


def list_names(tmp_path: pathlib.Path, *names: str, output: str | None = None, known: tuple[str, ...] = ()) -> object:
    labelled = [CatalogImage("", 1, uri, uri, None, (0,), no_boxes()) for uri in known]
    storage = PlayedStorage(ListedObject(f"s3://b/in/{name}", 7) for name in names)
    listed = CandidateList(tmp_path / "list")
    count = list_folder(
        storage, "s3://b/in", LabelledImages(labelled, storage, threading.Event()), output, listed, lambda _: None
    )
    return count, [candidate.file for candidate in listed]


def test_of_a_folder_all_images_are_listed_but_labelled_ones(tmp_path: pathlib.Path) -> None:
    names = ("", "a b.png", "deep/", "deep/ü.jpg", "labelled.json", "known.png")
    assert list_names(tmp_path, *names, known=("s3://b/in/known.png", "s3://b/elsewhere.png")) == (
        1, ["a b.png", "deep/ü.jpg"],
    )  # fmt: skip


def test_pictures_that_runs_have_left_are_no_images_of_a_user(tmp_path: pathlib.Path) -> None:
    names = (
        "a.png",
        "out/previews/000001.jpg",
        "out2/b.png",
        "darkroom/datasets/fruit-0a1b2c3d/previews/000001.jpg",
        "models/sorter-0a1b2c3d/predictions.png",
        "models/sorter/c.png",
    )
    assert list_names(tmp_path, *names, output="s3://b/in/out") == (0, ["a.png", "out2/b.png", "models/sorter/c.png"])


@pytest.mark.parametrize("folder", ["volume:new", "volume:/new/", "volume:", "volume:./"])
def test_a_folder_of_a_claim_is_listed_by_one_spelling_of_each_address(folder: str, tmp_path: pathlib.Path) -> None:
    root, inside = tmp_path / "claim", "" if "new" in folder else "new/"
    (root / "new" / "deep").mkdir(parents=True)
    for name in ("a b%20.png", "known.png", "deep/c.jpg", "train.json"):
        (root / "new" / name).write_bytes(b"1234567")
    storage = Storage(StorageAccess(volume_claim="inbox", volume_dir=str(root)), {})
    known = [CatalogImage("", 1, "known", "volume:new/known.png", None, (0,), no_boxes())]
    listed, counts = CandidateList(tmp_path / "list"), list[int]()
    labelled = LabelledImages(known, storage, threading.Event())
    assert list_folder(storage, folder, labelled, None, listed, counts.append) == 1
    found = sorted((candidate.file, candidate.uri) for candidate in listed)
    assert found == [
        (f"{inside}a b%20.png", "volume:new/a b%20.png"), (f"{inside}deep/c.jpg", "volume:new/deep/c.jpg"),
    ]  # fmt: skip
    assert counts == [1, 2, 3, 4]


EMPTY = {
    "an empty folder": ((), "images: there is nothing below s3://b/in/; upload images there, or fix the address"),
    "a folder of other files": (
        ("train.json", "a.txt"),
        "images: there is no image below s3://b/in/, only 2 files with other names, such as 'train.json'; give a "
        "folder of images",
    ),
}


@pytest.mark.parametrize(("names", "said"), EMPTY.values(), ids=EMPTY.keys())
def test_a_folder_without_images_is_named(names: tuple[str, ...], said: str, tmp_path: pathlib.Path) -> None:
    with pytest.raises(RunError) as caught:
        list_names(tmp_path, *names)
    assert (caught.value.reason, caught.value.message) == (Reason.DATASET_NOT_FOUND, said)


def test_a_folder_whose_images_are_all_labelled_is_not_empty(tmp_path: pathlib.Path) -> None:
    assert list_names(tmp_path, "a.png", known=("s3://b/in/a.png",)) == (1, [])


class PagedBucket:
    """A bucket of a million objects, page by page as S3 lists them; every hundredth page fails once."""

    OBJECTS: Final = 1_000_000

    def __init__(self) -> None:
        self.failures = 0

    def list_page(self, bucket: str, prefix: str, more: dict[str, str]) -> object:
        """Return the page that begins where `more` says."""
        begin = int(more.get("ContinuationToken", "0"))
        if begin % 100_000 == 0 and self.failures <= begin // 100_000:
            self.failures += 1
            raise StorageUnreachable(f"s3://{bucket}/{prefix}", "SlowDown")
        end = min(begin + 1000, self.OBJECTS)
        entries = [{"Key": f"{prefix}folder {at // 1000}/{at:07d}.jpg", "Size": at} for at in range(begin, end)]
        return {"IsTruncated": end < self.OBJECTS, "NextContinuationToken": str(end), "Contents": entries}


@pytest.mark.extended
@pytest.mark.timeout(600)
def test_a_million_objects_are_listed_in_little_memory(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bucket, listed, sizes = PagedBucket(), CandidateList(tmp_path / "list"), list[int]()
    monkeypatch.setattr(S3Store, "_list_page", lambda _store, *asked: bucket.list_page(*asked))
    service = Storage(LOCAL, {})
    labelled = [CatalogImage("", 1, "", "s3://b/in/folder 0/0000007.jpg", None, (0,), no_boxes())]
    known = LabelledImages(labelled, service, threading.Event())
    began = _measure_resident()

    def note(number: int) -> None:
        if number % 50_000 == 0:
            sizes.append(_measure_resident() - began)

    assert list_folder(service, "s3://b/in", known, None, listed, note) == 1
    assert sum(1 for _ in listed) == len(listed) == 999_999
    assert (bucket.failures, len(sizes)) == (10, 20)
    assert max(*sizes, _measure_resident() - began) < 64 << 20


def _measure_resident() -> int:
    """Return the bytes of this process that are in memory."""
    pages = int(pathlib.Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")
