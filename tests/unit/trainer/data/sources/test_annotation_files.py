"""Annotation files are read one after another; what stands in the place of one is told."""

import hashlib
import pathlib
from collections.abc import Callable

import pytest

from darkroom_api.conditions import Reason
from darkroom_storage.objects import open_storage
from darkroom_trainer.data.coco import documents
from darkroom_trainer.data.sources import annotation_files
from darkroom_trainer.data.sources.annotation_files import read_texts
from darkroom_trainer.runtime.errors import RunError
from tests.local_storage import LOCAL
from tests.support.coco_builders import a_source


def read(*uris: str) -> tuple[list[bytes], list[bytes]]:
    hashes: list[bytes] = []
    return list(read_texts(open_storage(LOCAL), a_source(*uris), hashes)), hashes


def test_the_files_come_in_their_order_with_their_hashes(tmp_path: pathlib.Path) -> None:
    for name in ("b", "a"):
        (tmp_path / name).write_bytes(name.encode())
    texts, hashes = read((tmp_path / "b").as_uri(), (tmp_path / "a").as_uri())
    assert (texts, hashes) == ([b"b", b"a"], [hashlib.sha256(text).digest() for text in (b"b", b"a")])


def test_only_one_file_is_held_at_a_time(tmp_path: pathlib.Path) -> None:
    (tmp_path / "a").write_bytes(b"a")
    hashes: list[bytes] = []
    there, gone = (tmp_path / "a").as_uri(), (tmp_path / "b").as_uri()
    texts = read_texts(open_storage(LOCAL), a_source(there, gone), hashes)
    assert (next(texts), len(hashes)) == (b"a", 1)
    with pytest.raises(RunError, match="does not exist"):
        next(texts)


def test_files_that_are_too_much_together_end_at_the_one_that_is_too_much(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(annotation_files, "MAX_TOTAL_BYTES", 25)
    for name in "abc":
        (tmp_path / f"{name}.json").write_bytes(b"x" * 10)
    with pytest.raises(
        RunError, match=r"^annotation file \S+/c\.json: those up to it have 30 bytes, at most 25"
    ) as end:
        read(*((tmp_path / f"{name}.json").as_uri() for name in "abc"))
    assert end.value.reason is Reason.DATASET_CORRUPT


def put_nothing(_: pathlib.Path) -> None:
    pass


def put_folder(path: pathlib.Path) -> None:
    (path / "sub").mkdir(parents=True)
    (path / "sub" / "1.xml").write_text("<annotation/>")


def put_neighbour(path: pathlib.Path) -> None:
    path.with_name("Train.json").write_text("{}")


def put_large(path: pathlib.Path) -> None:
    path.write_bytes(b"x" * 50)


@pytest.mark.parametrize(
    ("put", "reason", "says"),
    [
        (put_nothing, Reason.DATASET_NOT_FOUND, " does not exist"),
        (put_neighbour, Reason.DATASET_NOT_FOUND, "Train.json"),
        (put_folder, Reason.DATASET_NOT_FOUND, "folder"),
        (put_large, Reason.DATASET_CORRUPT, "is too large: .*; split it into several annotationFiles"),
    ],
    ids=["nothing", "the same name in capitals", "a folder", "a file that is too large"],
)
def test_what_is_there_instead_of_an_annotation_file_is_told(
    put: Callable[[pathlib.Path], None],
    reason: Reason,
    says: str,
    tmp_path: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(documents, "MAX_ANNOTATION_BYTES", 20)
    put(tmp_path / "train.json")
    with pytest.raises(RunError, match=rf"(?s)^annotation file file:\S+/train\.json.*{says}") as ended:
        read((tmp_path / "train.json").as_uri())
    assert ended.value.reason is reason


def test_an_address_that_ends_like_a_folder_is_no_file(tmp_path: pathlib.Path) -> None:
    with pytest.raises(RunError, match="does not exist"):
        read(tmp_path.as_uri() + "/")
