"""What a run tells of its progress: the share of its budget that is spent."""

import pathlib
import threading
from typing import Any

import pytest

from darkroom_api.run_config import Command
from darkroom_api.v1alpha1.common import Task
from darkroom_trainer.budget.meter import Meter
from darkroom_trainer.data.picture_cache.cache import PictureCache
from darkroom_trainer.training.run_context import RunContext
from tests.support.learning import CPU, StepClock
from tests.unit.trainer import tiny_runs


class Heard:
    """A reporter that keeps what it was told last."""

    def __init__(self) -> None:
        self.last: dict[str, Any] = {}

    def update(self, **told: Any) -> None:
        """Keep it."""
        self.last = told


@pytest.mark.parametrize(
    ("devices", "seconds", "carried", "told"),
    [
        pytest.param(1, 15, 0, {"percent": 25, "eta_seconds": 45, "charged_seconds": 15}, id="a first attempt"),
        pytest.param(
            1, 15, 30, {"percent": 75, "eta_seconds": 15, "charged_seconds": 45}, id="what was charged counts"
        ),
        pytest.param(2, 15, 0, {"percent": 50, "eta_seconds": 15, "charged_seconds": 30}, id="two devices"),
        pytest.param(1, 90, 0, {"percent": 100, "eta_seconds": 0, "charged_seconds": 60}, id="no more than the budget"),
    ],
)
def test_progress_is_the_share_of_the_budget(
    devices: int, seconds: float, carried: float, told: dict[str, Any]
) -> None:
    config = tiny_runs.a_config(Command.TRAIN, Task.CLASSIFIER, pathlib.Path("/data/train.json"), budget_seconds=60.0)
    clock, heard = StepClock(), Heard()
    meter = Meter(devices=devices, carried_seconds=carried, clock=clock)
    work, stop = pathlib.Path("work"), threading.Event()
    context = RunContext(config, work, heard, stop, meter, CPU, PictureCache(None, work, stop))
    clock.now += seconds
    context.report("Training", trial=2)
    assert heard.last == {"stage": "Training", "trial": 2, "nodes": None, **told}
