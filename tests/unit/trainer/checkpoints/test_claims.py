"""Who may write for a run: the newest epoch, whichever process took it."""

import pathlib

import pytest

from darkroom_storage.objects import Storage, open_storage
from darkroom_trainer.checkpoints.claims import Claim, is_claim, write_once
from darkroom_trainer.runtime.stopping import RunStopped
from tests.local_storage import LOCAL


def a_storage() -> Storage:
    return open_storage(LOCAL)


def take(folder: pathlib.Path, attempt: int) -> Claim:
    claim = Claim(a_storage(), folder.as_uri(), attempt)
    claim.take()
    return claim


def test_each_process_takes_an_epoch_of_its_own_in_order(tmp_path: pathlib.Path) -> None:
    assert [take(tmp_path, attempt).epoch for attempt in (1, 1, 2, 10)] == [
        "00001-001", "00001-002", "00002-001", "00010-001",
    ]  # fmt: skip


def test_only_the_newest_epoch_may_write(tmp_path: pathlib.Path) -> None:
    first, second = take(tmp_path, 1), take(tmp_path, 1)
    second.check()
    with pytest.raises(RunStopped, match="Attempt 1 has taken over; attempt 1 ends"):
        first.check()
    take(tmp_path, 2)
    with pytest.raises(RunStopped, match="Attempt 2 has taken over; attempt 1 ends"):
        second.check()
    with pytest.raises(RunStopped, match="Attempt 2 has taken over; attempt 1 ends"):
        take(tmp_path, 1)


def test_older_claims_can_be_forgotten_and_the_newest_stays(tmp_path: pathlib.Path) -> None:
    older, newest = take(tmp_path, 1), take(tmp_path, 2)
    newest.forget_older()
    assert [path.name for path in tmp_path.iterdir()] == ["attempt-00002-001.json"]
    with pytest.raises(RunStopped):
        older.check()


@pytest.mark.parametrize(
    ("uri", "is_one"),
    [
        ("s3://b/run/checkpoints/attempt-00001-001.json", True),
        ("s3://b/attempt-7/checkpoints/00001-001-000001.json", False),
    ],
    ids=["a claim", "a manifest below a folder of such a name"],
)
def test_a_claim_is_known_by_its_own_name(uri: str, *, is_one: bool) -> None:
    assert is_claim(uri) is is_one


def test_an_object_is_written_once_and_its_own_content_is_no_conflict(tmp_path: pathlib.Path) -> None:
    uri = (tmp_path / "one.json").as_uri()
    assert write_once(a_storage(), uri, b"mine")
    assert write_once(a_storage(), uri, b"mine")
    assert not write_once(a_storage(), uri, b"another's")
    assert (tmp_path / "one.json").read_bytes() == b"mine"
