"""In place of `commands.beginning` in the soak's image: starts the meter, and loads nothing that only trainings need.

Must not import torch: see `training`.
"""

import contextlib
import pathlib
import threading
from collections.abc import Iterator, Sequence

from darkroom_api.run_config import RunConfig
from darkroom_trainer.budget.meter import Meter
from darkroom_trainer.runtime.reporting import Reporter


@contextlib.contextmanager
def begin_training(
    config: RunConfig,
    work: pathlib.Path,
    reporter: Reporter,
    stop: threading.Event,
    meter: Meter,
    started: Sequence[object],
) -> Iterator[None]:
    """Start the meter; these runs have one device."""
    del config, work, reporter, stop, started
    meter.begin()
    yield None
