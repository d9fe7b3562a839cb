"""In place of `commands.beginning` in the soak's image: starts the meter, and loads nothing that only trainings need.

Must not import torch: see `training`.
"""

import contextlib
import pathlib
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from darkroom_api.run_config import RunConfig
from darkroom_trainer.budget.meter import Meter
from darkroom_trainer.runtime.reporting import Reporter


@dataclass(frozen=True)
class RunContext:
    """What a training that sleeps needs of `training.run_context`'s."""

    config: RunConfig
    work: pathlib.Path
    reporter: Reporter
    meter: Meter


@contextlib.contextmanager
def begin_training(
    config: RunConfig,
    work: pathlib.Path,
    reporter: Reporter,
    stop: threading.Event,
    meter: Meter,
    started: Sequence[object],
    pictures: object,
) -> Iterator[tuple[RunContext, None]]:
    """Start the meter; these runs have one device, and no images."""
    del stop, started, pictures  # every report looks at the first
    meter.begin()
    yield RunContext(config, work, reporter, meter), None
