"""Where a run works, on what, and whom it tells.

Owns the progress that is reported. Must not know what a run does.
"""

import dataclasses
import pathlib
import threading
from dataclasses import dataclass

from darkroom_api.run_config import RunConfig
from darkroom_trainer.budget.meter import Meter
from darkroom_trainer.data.picture_cache.cache import PictureCache
from darkroom_trainer.parallel.nodes.gathering import Nodes
from darkroom_trainer.runtime.device import Device, prepare_device
from darkroom_trainer.runtime.reporting import Reporter


@dataclass(frozen=True)
class RunContext:
    """The configuration of a run, its scratch folder, its meter, its device, and who hears of it."""

    config: RunConfig
    work: pathlib.Path
    reporter: Reporter
    stop: threading.Event
    meter: Meter
    device: Device
    pictures: PictureCache
    nodes: Nodes | None = None
    """The other pods, where the run has any."""

    @property
    def budget_seconds(self) -> float:
        """Return the whole budget, in charged seconds."""
        return self.config.budget_seconds or 0.0

    def report(self, stage: str, trial: int | None = None) -> None:
        """Tell the stage, and the trial that runs; the percentage is the share of the budget that is spent."""
        charged = self.meter.charged_seconds
        left = max(0.0, self.budget_seconds - charged)
        self.reporter.update(
            percent=min(100, int(100 * charged / self.budget_seconds)) if self.budget_seconds else 0,
            stage=stage,
            trial=trial,
            eta_seconds=int(left / self.meter.rate),
            charged_seconds=min(charged, self.budget_seconds) if self.budget_seconds else charged,
            nodes=self.nodes.joined if self.nodes else None,
        )


def open_context(
    config: RunConfig,
    work: pathlib.Path,
    reporter: Reporter,
    stop: threading.Event,
    meter: Meter,
    pictures: PictureCache,
    nodes: Nodes | None = None,
) -> RunContext:
    """Return the context of a run on its first device; raises RunError as `prepare_device` does."""
    device = prepare_device(config.devices)
    if nodes is not None:
        device = dataclasses.replace(device, count=config.devices + nodes.devices)
    return RunContext(config, work, reporter, stop, meter, device, pictures, nodes)
