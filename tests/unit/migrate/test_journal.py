"""What is copied already, across runs."""

import pathlib

import pytest

from darkroom_api.run_config import StorageAccess
from darkroom_migrate.errors import MigrationError
from darkroom_migrate.journal import CopiedImage, Journal
from darkroom_storage.objects import Storage, open_storage
from tests.local_storage import LOCAL


def an_entry(number: str) -> CopiedImage:
    return CopiedImage(id=number, file_name=f"images/{number}.png", width=10, height=20)


def a_journal(storage: Storage, root: str, project: str = "fruit") -> Journal:
    journal = Journal(storage, root, project)
    journal.load()
    return journal


def test_a_new_run_knows_what_earlier_ones_copied_whether_they_ended_or_not(access: StorageAccess) -> None:
    storage, root = open_storage(access), "s3://vision/journals/a"
    for number in "abc":
        storage.write_bytes(f"{root}/images/{number}.png", b"image")
    first = a_journal(storage, root)
    first.add([an_entry("b"), an_entry("a")])
    first.add([])
    assert a_journal(storage, root).copied == {"a": an_entry("a"), "b": an_entry("b")}
    second = a_journal(storage, root)
    second.add([an_entry("c")])
    second.close()
    assert storage.list_uris(f"{root}/journal/") == [f"{root}/journal/all.json"]
    assert list(a_journal(storage, root).copied) == ["a", "b", "c"]


def test_an_image_that_is_gone_is_not_copied(tmp_path: pathlib.Path) -> None:
    storage = open_storage(LOCAL)
    a_journal(storage, tmp_path.as_uri()).add([an_entry("a")])
    again = Journal(storage, tmp_path.as_uri(), "fruit")
    assert again.load()
    assert again.copied == {}


def test_a_place_that_holds_nothing_has_no_journal(tmp_path: pathlib.Path) -> None:
    assert not Journal(open_storage(LOCAL), (tmp_path / "new").as_uri(), "fruit").load()


def test_what_is_no_journal_is_told(tmp_path: pathlib.Path) -> None:
    (tmp_path / "journal").mkdir()
    (tmp_path / "journal" / "mine.txt").write_text("hello")
    with pytest.raises(MigrationError, match=r"mine\.txt is not the journal of a migration; choose another --to"):
        a_journal(open_storage(LOCAL), tmp_path.as_uri())
