"""What is over before anything of a training is charged, and what is left when it ends."""

import gc
import pathlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from darkroom_api.run_config import Command
from darkroom_api.v1alpha1.common import Task
from darkroom_trainer.budget.meter import Meter
from darkroom_trainer.commands import beginning
from darkroom_trainer.data.picture_cache.cache import PictureCache
from darkroom_trainer.parallel import crew, member
from darkroom_trainer.runtime import reporting, stopping
from tests.local_storage import a_local_place
from tests.unit.trainer import tiny_runs


@contextmanager
def begin(
    folder: pathlib.Path, members: list[member.Member], meter: Meter, stop: threading.Event
) -> Iterator[crew.Crew]:
    output = a_local_place(folder / "out")
    more = {"budget_seconds": 60, "output": output, "devices": 1 + len(members)}
    config = tiny_runs.a_config(Command.TRAIN, Task.DETECTOR, folder / "train.json", **more)
    reporter, pictures = reporting.SilentReporter(), PictureCache(None, folder, stop)
    with beginning.begin_training(config, folder, reporter, stop, meter, members, pictures) as (context, devices):
        assert context.device.count == devices.size
        yield devices


@pytest.mark.slow
def test_the_meter_begins_once_every_device_has_loaded_its_code(tmp_path: pathlib.Path) -> None:
    answers: list[bool] = []
    with member.start_members(3) as members:

        class Beginning(Meter):
            def begin(self) -> None:
                answers.extend(one.is_ready(0) for one in members)
                super().begin()

        with begin(tmp_path, members, Beginning(), threading.Event()) as devices:
            assert devices.size == 3
            assert devices.process_ids == [one.process_id for one in members]
            assert gc.get_freeze_count() > 0
    assert answers == [False, False], "what says that they are ready was taken already"
    assert [one.exit_code for one in members] == [0, 0]
    assert gc.get_freeze_count() == 0


def test_a_stop_while_code_is_loaded_leaves_no_process(tmp_path: pathlib.Path) -> None:
    stop = threading.Event()
    stop.set()
    with (
        pytest.raises(stopping.RunStopped),
        member.start_members(2) as members,
        begin(tmp_path, members, Meter(), stop),
    ):
        pass
    assert members[0].exit_code is not None
