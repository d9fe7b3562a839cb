"""Two processes that publish one run's files: whatever the order, the folder holds the newer one's, whole."""

import pathlib
from collections.abc import Callable

import pytest

from darkroom_api.run_config import Location, StorageAccess
from darkroom_storage.objects import Storage
from darkroom_trainer.checkpoints.claims import Claim
from darkroom_trainer.export import artifacts
from darkroom_trainer.runtime.stopping import RunStopped

NAMES = ["model.json", "model.safetensors"]


class Publisher:
    """One attempt's process with files of its own; `pauses[n]` happens before its n-th upload, after its last look."""

    def __init__(self, attempt: int, folder: pathlib.Path, storage: Storage, output: Location) -> None:
        self._folder = folder / f"attempt-{attempt}"
        self._folder.mkdir()
        for name in NAMES:
            (self._folder / name).write_text(f"{name} of attempt {attempt}")
        self._output = output
        self._claim = Claim(storage, f"{output.uri}/checkpoints", attempt)
        self._claim.take()
        self.pauses: dict[int, Callable[[], None]] = {}
        self._uploads = 0

    def publish(self) -> None:
        artifacts.publish_files(self._folder, NAMES, self._output, self._check)

    def _check(self) -> None:
        self._claim.check()
        self._uploads += 1
        self.pauses.pop(self._uploads, lambda: None)()


@pytest.mark.parametrize("upload", [1, 2, 3])
def test_a_process_that_freezes_before_any_upload_overwrites_nothing_of_a_newer_one(
    upload: int, storage: Storage, access: StorageAccess, tmp_path: pathlib.Path
) -> None:
    output = Location(uri=f"s3://vision/{tmp_path.name}", storage=access)
    stale = Publisher(1, tmp_path, storage, output)
    stale.pauses[upload] = lambda: Publisher(2, tmp_path, storage, output).publish()
    with pytest.raises(RunStopped, match="Attempt 2 has taken over"):
        stale.publish()
    found = tmp_path / "found"
    artifacts.fetch_model(output, found, NAMES)
    assert [(found / name).read_text() for name in NAMES] == [f"{name} of attempt 2" for name in NAMES]


def test_what_an_attempt_left_half_published_is_replaced_by_the_next(
    storage: Storage, access: StorageAccess, tmp_path: pathlib.Path
) -> None:
    output = Location(uri=f"s3://vision/{tmp_path.name}", storage=access)
    first = Publisher(1, tmp_path, storage, output)

    def lose_power() -> None:
        raise KeyboardInterrupt

    first.pauses[2] = lose_power
    with pytest.raises(KeyboardInterrupt):
        first.publish()
    Publisher(2, tmp_path, storage, output).publish()
    found = tmp_path / "found"
    artifacts.fetch_model(output, found, NAMES)
    assert (found / "model.json").read_text() == "model.json of attempt 2"
