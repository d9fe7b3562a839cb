"""One command from RunConfig to Outcome, on a cluster and in `darkroom run` alike.

Owns what of a run is charged, and that it always ends with an outcome. Must not import torch.
"""

import logging
import pathlib
import threading
import time

from darkroom_api import conditions, endings, report, run_config
from darkroom_storage import secrets
from darkroom_trainer.budget.meter import Clock, Meter
from darkroom_trainer.commands import dispatching, failures
from darkroom_trainer.runtime import stopping
from darkroom_trainer.runtime.reporting import Reporter

LOG = logging.getLogger(__name__)


def open_meter(config: run_config.RunConfig, started_at: float | None = None, clock: Clock = time.monotonic) -> Meter:
    """Return the meter of a run, which goes on from what earlier attempts were charged.

    `clock` is what it reads, `started_at` when the process started on it (now when absent), which is when it began to
    hold its devices.
    """
    return Meter(
        devices=config.devices,
        milli_rate=config.milli_rate,
        started_at=started_at,
        carried_seconds=config.charged_seconds,
        clock=clock,
    )


def execute(
    config: run_config.RunConfig,
    work: pathlib.Path,
    reporter: Reporter,
    stop: threading.Event | None = None,
    meter: Meter | None = None,
) -> report.Outcome:
    """Run `config.command` and return how it ended; never raises for what a run can meet.

    `work` is a scratch folder; `meter` is one of `open_meter`, opened now when absent. A training is charged from when
    its code is loaded.
    """
    meter = meter or open_meter(config)
    try:
        work.mkdir(parents=True, exist_ok=True)
        outcome = dispatching.dispatch(
            config, work, stopping.StoppingReporter(reporter, stop), stop or threading.Event(), meter
        )
    except Exception as error:  # noqa: BLE001 - nothing may be raised: each one is logged and becomes an outcome
        outcome = failures.build_outcome(config.command, error, work)
    _tell_excess(meter, config.budget_seconds)
    kept_only = endings.ENDINGS[outcome.reason].charges_kept_only
    told = meter.to_report(config.budget_seconds, kept_only=kept_only)
    if outcome.reason is conditions.Reason.CANCELLED and outcome.artifacts is None:
        told = told.model_copy(update={"charged_seconds": 0.0})  # nothing was kept, so nothing is paid for
    outcome = report.Outcome.model_validate(secrets.hide_tree(outcome.to_json()))
    return outcome.model_copy(update={"meter": told})


def _tell_excess(meter: Meter, budget_seconds: float | None) -> None:
    """Log what a run took beyond its budget, such as an upload that hung: nobody is charged for it."""
    if budget_seconds is not None and meter.charged_seconds > budget_seconds:
        excess_seconds = meter.charged_seconds - budget_seconds
        LOG.warning("the run took %.2f charged seconds more than its budget; they are not charged", excess_seconds)
