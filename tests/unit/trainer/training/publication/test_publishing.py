"""A cancelled training publishes the best model so far, or nothing at no cost."""

import pytest

from darkroom_api import conditions, endings
from darkroom_api.v1alpha1.common import MeasuredOn
from darkroom_trainer.checkpoints import sessions
from darkroom_trainer.training import fitting
from tests.unit.trainer.tiny_runs import BUDGET_SECONDS, Bench


@pytest.mark.slow
@pytest.mark.parametrize("stage", list(fitting.STAGE_NAMES))
def test_a_cancelled_run_keeps_the_model_of_its_newest_checkpoint(bench: Bench, stage: sessions.Stage) -> None:
    assert bench.run(1, stop_at=fitting.STAGE_NAMES[stage]).exit_code is endings.ExitCode.STOPPED
    kept = bench.run(2, publish_only=True, allocated_seconds=100.0)
    assert kept.reason is conditions.Reason.CANCELLED, kept.message
    assert kept.exit_code is endings.ExitCode.SUCCEEDED
    assert kept.artifacts is not None
    assert kept.performance is not None
    assert kept.performance.measured_on is MeasuredOn.HOLD_OUT
    assert kept.message.startswith("Cancelled; the best model so far (hold-out score ")
    assert kept.artifacts.uri in kept.message
    assert 0 < kept.meter.charged_seconds <= BUDGET_SECONDS
    meter = bench.read_metrics()["meter"]
    assert meter["allocatedSeconds"] > 100


def test_a_run_that_is_cancelled_before_its_first_checkpoint_says_so_and_costs_nothing(bench: Bench) -> None:
    kept = bench.run(publish_only=True)
    assert kept.reason is conditions.Reason.CANCELLED
    assert kept.exit_code is endings.ExitCode.SUCCEEDED
    assert kept.artifacts is None
    assert kept.message == "Cancelled; there was no model to keep yet"
    assert kept.meter.charged_seconds == 0.0
