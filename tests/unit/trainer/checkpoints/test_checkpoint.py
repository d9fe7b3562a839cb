"""Checkpoints in a folder: what is kept, what is believed, who may write."""

import pathlib

import pytest
import torch

from darkroom_storage.errors import StorageUnreachable
from darkroom_storage.objects import Storage, open_storage
from darkroom_trainer.budget.meter import Meter
from darkroom_trainer.checkpoints.checkpoint import Checkpoint, CheckpointStore, Resumption
from darkroom_trainer.runtime.stopping import RunStopped
from tests.local_storage import LOCAL


class Clock:
    """A clock moved by hand."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now


def a_store(
    folder: pathlib.Path,
    *,
    attempt: int = 1,
    fingerprint: str = "f",
    clock: Clock | None = None,
    storage: Storage | None = None,
) -> CheckpointStore:
    opened = storage or open_storage(LOCAL)
    store = CheckpointStore(opened, folder.as_uri(), attempt, fingerprint, Meter(clock=clock or Clock()))
    store.claim.take()
    return store


def a_checkpoint(step: int) -> Checkpoint:
    return Checkpoint({"model/weight": torch.full((2, 3), float(step))}, {"step": step})


def stored(folder: pathlib.Path, ending: str) -> list[pathlib.Path]:
    return sorted(path for path in (folder / "checkpoints").glob(f"*{ending}") if not path.name.startswith("attempt"))


def test_a_checkpoint_comes_back_as_it_was_saved(tmp_path: pathlib.Path) -> None:
    clock = Clock()
    store = a_store(tmp_path, clock=clock)
    clock.now = 17.0
    store.save(a_checkpoint(5))
    found = a_store(tmp_path).load_newest().checkpoint
    assert found is not None
    assert found.state == {"step": 5}
    assert found.charged_seconds == 17.0
    assert torch.equal(found.tensors["model/weight"], torch.full((2, 3), 5.0))


def test_nothing_saved_is_nothing_to_resume(tmp_path: pathlib.Path) -> None:
    assert a_store(tmp_path).load_newest().checkpoint is None


def damage_data(folder: pathlib.Path) -> None:
    path = stored(folder, ".safetensors")[-1]
    data = bytearray(path.read_bytes())
    data[-1] ^= 0xFF
    path.write_bytes(data)


def cut_data(folder: pathlib.Path) -> None:
    path = stored(folder, ".safetensors")[-1]
    path.write_bytes(path.read_bytes()[:10])


def lose_data(folder: pathlib.Path) -> None:
    stored(folder, ".safetensors")[-1].unlink()


def cut_manifest(folder: pathlib.Path) -> None:
    path = stored(folder, ".json")[-1]
    path.write_bytes(path.read_bytes()[:20])


def lose_manifest(folder: pathlib.Path) -> None:
    stored(folder, ".json")[-1].unlink()


@pytest.mark.parametrize("harm", [damage_data, cut_data, lose_data, cut_manifest, lose_manifest])
def test_a_broken_checkpoint_gives_way_to_the_one_before(tmp_path: pathlib.Path, harm: object) -> None:
    store = a_store(tmp_path)
    for step in (1, 2):
        store.save(a_checkpoint(step))
    assert callable(harm)
    harm(tmp_path)
    found = a_store(tmp_path, attempt=2).load_newest().checkpoint
    assert found is not None
    assert found.state == {"step": 1}


def test_a_checkpoint_of_another_configuration_is_ignored(tmp_path: pathlib.Path) -> None:
    a_store(tmp_path, fingerprint="one").save(a_checkpoint(1))
    assert a_store(tmp_path, fingerprint="other").load_newest().checkpoint is None


def test_only_the_newest_two_are_kept_across_attempts(tmp_path: pathlib.Path) -> None:
    first = a_store(tmp_path)
    for step in (1, 2, 3):
        first.save(a_checkpoint(step))
    second = a_store(tmp_path, attempt=2)
    found = second.load_newest().checkpoint
    assert found is not None
    assert found.state == {"step": 3}
    second.save(a_checkpoint(4))
    assert len(stored(tmp_path, ".json")) == len(stored(tmp_path, ".safetensors")) == 2
    newest = a_store(tmp_path, attempt=3).load_newest().checkpoint
    assert newest is not None
    assert newest.state == {"step": 4}


def test_an_attempt_that_a_newer_one_has_replaced_writes_nothing_more(tmp_path: pathlib.Path) -> None:
    stale = a_store(tmp_path)
    stale.save(a_checkpoint(1))
    a_store(tmp_path, attempt=2)
    with pytest.raises(RunStopped):
        stale.save(a_checkpoint(2))
    assert len(stored(tmp_path, ".json")) == 1


def test_a_start_that_comes_late_is_stopped_at_once(tmp_path: pathlib.Path) -> None:
    a_store(tmp_path, attempt=2)
    with pytest.raises(RunStopped, match="Attempt 2 has taken over; attempt 1 ends"):
        a_store(tmp_path, attempt=1)


def test_a_second_process_of_one_attempt_replaces_the_first(tmp_path: pathlib.Path) -> None:
    first = a_store(tmp_path)
    first.save(a_checkpoint(1))
    second = a_store(tmp_path)
    with pytest.raises(RunStopped):
        first.save(a_checkpoint(2))
    second.save(a_checkpoint(3))
    found = a_store(tmp_path, attempt=2).load_newest().checkpoint
    assert found is not None
    assert found.state == {"step": 3}


class BlindToNews(Storage):
    """A storage that shows a process no claim but its own: what it looked at before it was cut off."""

    def list_uris(self, prefix_uri: str) -> list[str]:
        """Return what is there without the claims."""
        return [] if "attempt-" in prefix_uri else super().list_uris(prefix_uri)


def test_what_a_stale_process_still_writes_is_never_chosen_over_a_newer_attempts_work(tmp_path: pathlib.Path) -> None:
    stale = a_store(tmp_path, storage=BlindToNews(LOCAL, {}))
    newer = a_store(tmp_path, attempt=2)
    newer.save(a_checkpoint(10))
    for step in range(20, 25):
        stale.save(a_checkpoint(step))
    found = a_store(tmp_path, attempt=3).load_newest().checkpoint
    assert found is not None
    assert found.state == {"step": 10}


class LostAnswers(Storage):
    """A storage whose conditional puts take effect, and are then said to have found their own object."""

    def write_bytes(self, uri: str, data: bytes, *, if_absent: bool = False, media_type: str | None = None) -> None:
        """Write twice, as a client does that saw no answer the first time."""
        super().write_bytes(uri, data, if_absent=if_absent, media_type=media_type)
        if if_absent:
            super().write_bytes(uri, data, if_absent=True, media_type=media_type)


def test_a_conditional_put_whose_answer_was_lost_still_counts(tmp_path: pathlib.Path) -> None:
    a_store(tmp_path, storage=LostAnswers(LOCAL, {})).save(a_checkpoint(7))
    found = a_store(tmp_path, attempt=2).load_newest().checkpoint
    assert found is not None
    assert found.state == {"step": 7}


class NoDeletes(Storage):
    """A storage that deletes nothing."""

    def delete(self, uri: str) -> None:
        """Fail."""
        raise StorageUnreachable(uri)


def test_a_checkpoint_counts_even_where_old_ones_cannot_be_deleted(tmp_path: pathlib.Path) -> None:
    store = a_store(tmp_path, storage=NoDeletes(LOCAL, {}))
    for step in (1, 2, 3):
        store.save(a_checkpoint(step))
    store.delete_all()
    found = a_store(tmp_path, attempt=2).load_newest().checkpoint
    assert found is not None
    assert found.state == {"step": 3}


def test_where_every_checkpoint_is_broken_the_run_begins_anew_and_learns_what_was_charged(
    tmp_path: pathlib.Path, caplog: pytest.LogCaptureFixture
) -> None:
    clock = Clock()
    store = a_store(tmp_path, clock=clock)
    for step in (1, 2):
        clock.now += 8
        store.save(a_checkpoint(step))
    for path in stored(tmp_path, ".safetensors"):
        path.write_bytes(b"")
    assert a_store(tmp_path, attempt=2).load_newest() == Resumption(None, 16.0, "are damaged")
    assert "no checkpoint can be used; starting from the beginning" in caplog.text


def test_what_a_stale_process_was_charged_is_nobodys_loss_where_a_newer_checkpoint_is_whole(
    tmp_path: pathlib.Path,
) -> None:
    ahead, clock = Clock(), Clock()
    stale = a_store(tmp_path, clock=ahead, storage=BlindToNews(LOCAL, {}))
    newer = a_store(tmp_path, attempt=2, clock=clock)
    ahead.now, clock.now = 40.0, 30.0
    newer.save(a_checkpoint(10))
    stale.save(a_checkpoint(20))
    found = a_store(tmp_path, attempt=3).load_newest()
    assert (found.checkpoint.state if found.checkpoint else None, found.lost_seconds) == ({"step": 10}, 0.0)


def test_after_success_only_the_claim_is_left_that_keeps_stale_processes_out(tmp_path: pathlib.Path) -> None:
    stale = a_store(tmp_path)
    store = a_store(tmp_path, attempt=2)
    store.save(a_checkpoint(1))
    store.delete_all()
    left = [path.name for path in tmp_path.rglob("*") if path.is_file()]
    assert left == ["attempt-00002-001.json"]
    with pytest.raises(RunStopped):
        stale.claim.check()
