"""The status that an outcome becomes, with its conditions and its charge."""

from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest

from darkroom_api.conditions import TERMINAL_PHASES, DatasetPhase, Reason, RunPhase
from darkroom_api.report import Meter
from darkroom_api.results import charge, describe_dataset, describe_run, finish_dataset, finish_run, start_status
from darkroom_api.run_config import Command
from darkroom_api.v1alpha1.common import Artifacts, Task
from darkroom_api.v1alpha1.dataset import DatasetStatus
from darkroom_api.v1alpha1.evaluation import EvaluationSpec, EvaluationStatus
from darkroom_api.v1alpha1.model import BudgetStatus, ModelSpec, ModelStatus
from darkroom_api.v1alpha1.prediction import PredictionSpec, PredictionStatus, PredictionSummary
from darkroom_api.v1alpha1.run_status import ProgressStatus
from tests.unit.crds.v1alpha1.outcomes import a_performance, a_summary, an_outcome

NOW: Final = datetime(2026, 5, 4, 12, 0, 0, tzinfo=UTC)
LATER: Final = NOW + timedelta(minutes=10)


def conditions(status: Any) -> dict[str, str]:
    return {condition.type: str(condition.status) for condition in status.conditions}


@pytest.mark.parametrize(
    ("phase", "reason", "expected"),
    [
        (RunPhase.QUEUED, Reason.UNSCHEDULABLE, {"Accepted": "True", "Running": "False", "Stalled": "False"}),
        (RunPhase.QUEUED, Reason.INVALID_CONFIGURATION, {"Accepted": "False", "Running": "False", "Stalled": "False"}),
        (RunPhase.TRAINING, Reason.TRAINING, {"Accepted": "True", "Running": "True", "Stalled": "False"}),
        (RunPhase.EVALUATING, Reason.EVALUATING, {"Accepted": "True", "Running": "True", "Stalled": "False"}),
        (
            RunPhase.SUCCEEDED,
            Reason.SUCCEEDED,
            {"Accepted": "True", "Running": "False", "Succeeded": "True", "Stalled": "False"},
        ),
        (
            RunPhase.FAILED,
            Reason.TRAINING_DIVERGED,
            {"Accepted": "True", "Running": "False", "Succeeded": "False", "Stalled": "True"},
        ),
        (
            RunPhase.CANCELLED,
            Reason.CANCELLED,
            {"Accepted": "True", "Running": "False", "Succeeded": "False", "Stalled": "False"},
        ),
    ],
)
def test_a_phase_of_a_run_has_its_conditions(phase: RunPhase, reason: Reason, expected: dict[str, str]) -> None:
    status = describe_run(ModelStatus(), phase, reason, "Why.", 3, NOW)
    assert conditions(status) == expected
    assert (status.phase, status.reason, status.message, status.observed_generation) == (phase, reason, "Why.", 3)


@pytest.mark.parametrize("phase", [phase for phase in RunPhase if phase is not RunPhase.UNKNOWN])
def test_a_run_says_succeeded_only_when_it_ended(phase: RunPhase) -> None:
    found = conditions(describe_run(EvaluationStatus(), phase, Reason.UNKNOWN, "Why.", 1, NOW))
    assert ("Succeeded" in found) == (phase in TERMINAL_PHASES)
    assert "Ready" not in found, "Ready=False would block helm --wait for hours"


@pytest.mark.parametrize(
    ("phase", "ready", "stalled"),
    [
        (DatasetPhase.PENDING, "False", "False"),
        (DatasetPhase.INSPECTING, "False", "False"),
        (DatasetPhase.READY, "True", "False"),
        (DatasetPhase.INVALID, "False", "True"),
    ],
)
def test_a_phase_of_a_dataset_has_its_conditions(phase: DatasetPhase, ready: str, stalled: str) -> None:
    found = conditions(describe_dataset(DatasetStatus(), phase, Reason.INSPECTING, "Why.", 1, NOW))
    assert found == {"Accepted": "True", "Ready": ready, "Stalled": stalled}


@pytest.mark.parametrize(
    ("reason", "phase"),
    [
        (Reason.SUCCEEDED, DatasetPhase.READY),
        (Reason.DATASET_CORRUPT, DatasetPhase.INVALID),
        (Reason.DATASET_NOT_FOUND, DatasetPhase.INVALID),
    ],
)
def test_an_inspection_ends_ready_or_invalid_and_keeps_what_it_found(reason: Reason, phase: DatasetPhase) -> None:
    outcome = an_outcome(command=Command.INSPECT, reason=reason, message="What was found.", summary=a_summary(1))
    status = finish_dataset(DatasetStatus(), outcome, 2, NOW)
    assert (status.phase, status.message, status.summary) == (phase, "What was found.", outcome.summary)


def test_a_training_that_succeeded_becomes_a_status() -> None:
    outcome = an_outcome(
        meter=Meter(charged_seconds=59.96),
        performance=a_performance(1),
        artifacts=Artifacts(uri="s3://vision/models/fruit"),
        dataset_revision="sha256:1",
    )
    before = ModelStatus(
        budget=BudgetStatus(total_seconds=60, remaining_seconds=60), progress=ProgressStatus(percent=90), queued_at=NOW
    )
    after = finish_run(before, outcome, 1, LATER)
    assert after.phase is RunPhase.SUCCEEDED
    assert after.progress is None
    assert (after.performance, after.artifacts, after.dataset_revision) == (
        outcome.performance,
        outcome.artifacts,
        "sha256:1",
    )
    assert after.budget == BudgetStatus(total_seconds=60, charged_seconds=60, remaining_seconds=0)
    assert (after.queued_at, after.completed_at) == (NOW, LATER)


def test_a_failed_training_keeps_its_artifacts_and_its_charge() -> None:
    outcome = an_outcome(reason=Reason.TRAINING_DIVERGED, message="The loss is NaN.", meter=Meter(charged_seconds=12))
    before = ModelStatus(
        budget=BudgetStatus(total_seconds=60, remaining_seconds=60), artifacts=Artifacts(uri="s3://vision/models/a")
    )
    after = finish_run(before, outcome, 1, LATER)
    assert (after.phase, after.reason) == (RunPhase.FAILED, Reason.TRAINING_DIVERGED)
    assert after.artifacts == before.artifacts
    assert after.budget is not None
    assert after.budget.charged_seconds == 12


def test_an_evaluation_names_the_model_that_it_measured() -> None:
    outcome = an_outcome(command=Command.EVALUATE, performance=a_performance(1), model_digest="sha256:2")
    after = finish_run(EvaluationStatus(), outcome, 1, LATER)
    assert (after.model_digest, after.performance) == ("sha256:2", outcome.performance)


def test_a_prediction_says_what_it_answered_and_with_which_model() -> None:
    summary = PredictionSummary(images=41, objects=120, threshold=0.4)
    outcome = an_outcome(command=Command.PREDICT, prediction=summary, model_digest="sha256:2", dataset_revision="r")
    after = finish_run(PredictionStatus(), outcome, 1, LATER)
    assert (after.phase, after.summary, after.model_digest) == (RunPhase.SUCCEEDED, summary, "sha256:2")
    assert "performance" not in after.to_json()


@pytest.mark.parametrize(
    ("before", "charged", "after", "remaining"),
    [
        (0.0, 12.34, 12.3, 47.7),
        (12.0, 12.0, 12.0, 48.0),
        (12.0, 5.0, 12.0, 48.0),
        (12.0, 61.0, 60.0, 0.0),
        (0.0, 60.0, 60.0, 0.0),
    ],
    ids=["work", "nothing new", "an old report", "more than the budget", "all of it"],
)
def test_a_charge_never_shrinks_and_never_passes_the_total(
    before: float, charged: float, after: float, remaining: float
) -> None:
    budget = BudgetStatus(total_seconds=60, charged_seconds=before, remaining_seconds=60 - before)
    charged_budget = charge(budget, charged)
    assert (charged_budget.charged_seconds, charged_budget.remaining_seconds) == (after, remaining)


def test_what_waits_for_its_turn_says_so_for_its_generation_with_its_whole_budget() -> None:
    spec = ModelSpec(task=Task.CLASSIFIER, dataset="fruit", budget="90s")
    status = start_status(spec, 3, NOW)
    assert isinstance(status, ModelStatus)
    assert (status.phase, status.reason, status.observed_generation) == (RunPhase.QUEUED, Reason.SCHEDULING, 3)
    assert status.budget is not None
    assert (status.budget.total_seconds, status.budget.remaining_seconds) == (90.0, 90.0)
    assert start_status(EvaluationSpec(model="a", dataset="b"), 1, NOW).phase is RunPhase.QUEUED
    assert isinstance(start_status(PredictionSpec(model="a", dataset="b"), 1, NOW), PredictionStatus)
