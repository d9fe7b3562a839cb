"""Checkpoints in a folder: what is kept, what is believed, who may write."""

import pathlib

import pytest
import torch

from darkroom_api.run_config import StorageAccess
from darkroom_trainer.checkpoint import Checkpoint, CheckpointStore
from darkroom_trainer.meter import Meter
from darkroom_trainer.stopping import RunStopped
from darkroom_trainer.storage import open_storage


class Clock:
    """A clock moved by hand."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now


def a_store(
    folder: pathlib.Path, *, attempt: int = 1, fingerprint: str = "f", clock: Clock | None = None
) -> CheckpointStore:
    store = CheckpointStore(
        open_storage(StorageAccess()), folder.as_uri(), attempt, fingerprint, Meter(clock=clock or Clock())
    )
    store.claim()
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
    found = a_store(tmp_path).load_newest()
    assert found is not None
    assert found.state == {"step": 5}
    assert found.charged_seconds == 17.0
    assert torch.equal(found.tensors["model/weight"], torch.full((2, 3), 5.0))


def test_nothing_saved_is_nothing_to_resume(tmp_path: pathlib.Path) -> None:
    assert a_store(tmp_path).load_newest() is None


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
    found = a_store(tmp_path, attempt=2).load_newest()
    assert found is not None
    assert found.state == {"step": 1}


def test_a_checkpoint_of_another_configuration_is_ignored(tmp_path: pathlib.Path) -> None:
    a_store(tmp_path, fingerprint="one").save(a_checkpoint(1))
    assert a_store(tmp_path, fingerprint="other").load_newest() is None


def test_only_the_newest_two_are_kept_across_attempts(tmp_path: pathlib.Path) -> None:
    first = a_store(tmp_path)
    for step in (1, 2, 3):
        first.save(a_checkpoint(step))
    second = a_store(tmp_path, attempt=2)
    found = second.load_newest()
    assert found is not None
    assert found.state == {"step": 3}
    second.save(a_checkpoint(4))
    assert len(stored(tmp_path, ".json")) == len(stored(tmp_path, ".safetensors")) == 2
    newest = a_store(tmp_path, attempt=3).load_newest()
    assert newest is not None
    assert newest.state == {"step": 4}


def test_an_attempt_that_a_newer_one_has_replaced_writes_nothing_more(tmp_path: pathlib.Path) -> None:
    stale = a_store(tmp_path)
    stale.save(a_checkpoint(1))
    a_store(tmp_path, attempt=2)
    with pytest.raises(RunStopped):
        stale.save(a_checkpoint(2))
    assert len(stored(tmp_path, ".json")) == 1


def test_a_save_is_due_ten_charged_seconds_after_the_last(tmp_path: pathlib.Path) -> None:
    clock = Clock()
    store = a_store(tmp_path, clock=clock)
    store.save(a_checkpoint(1))
    clock.now = 9.9
    assert not store.is_due()
    clock.now = 10.1
    assert store.is_due()


def test_nothing_is_left_after_success(tmp_path: pathlib.Path) -> None:
    store = a_store(tmp_path)
    store.save(a_checkpoint(1))
    store.delete_all()
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]
