"""What is different in the pod of index 0 of this bench: its clock, how little it trains, its meter that is watched.

Owns that. Must not judge.
"""

import contextlib
import pathlib
from collections.abc import Iterator
from typing import Final
from unittest import mock

from bench.node_kills.verdicts import BUDGET_SECONDS, ClockKind
from bench.random_budgets.meter_looks import Excess, build_meter
from darkroom_api.run_config import RunConfig
from darkroom_trainer.budget.meter import Meter
from darkroom_trainer.commands import engine
from darkroom_trainer.parallel import team
from darkroom_trainer.runtime import cpus
from darkroom_trainer.tasks.classifier import Classifier
from darkroom_trainer.training import fitting, frozen_features
from tests.unit.trainer.training.trials.work_clock import WorkClock

EXCESS_FILE: Final = "excess"
PATIENCE_SECONDS: Final = 12.0
"""A quarter of what it is in a cluster."""
LEAST_PASSES: Final = 4
"""Coloured squares need no more; with what real data need, budgets of seconds would be refused at once."""


@contextlib.contextmanager
def leading(folder: pathlib.Path, clock: ClockKind) -> Iterator[None]:
    """Have the pod of index 0 train little, on that clock, and note the most that its meter was above the budget."""
    excess, opened = Excess(), engine.open_meter

    def open_counted(config: RunConfig, _started_at: float) -> Meter:
        return opened(config, clock=WorkClock())

    with (
        mock.patch.object(engine, "open_meter", open_counted if clock is ClockKind.COUNTED else opened),
        mock.patch.object(engine, "Meter", build_meter(BUDGET_SECONDS[clock], excess)),
        mock.patch.object(cpus, "find_threads", return_value=1),
        mock.patch.object(Classifier, "least_passes", LEAST_PASSES),
        mock.patch.object(fitting, "REPORT_EVERY_SECONDS", 0.0),
        mock.patch.object(frozen_features, "search_head", return_value=None),
        mock.patch.object(team, "NODES_PATIENCE_SECONDS", PATIENCE_SECONDS),
    ):
        yield
    (folder / EXCESS_FILE).write_text(f"{excess.seconds} {excess.first_seen_by or excess.seen_by}")
