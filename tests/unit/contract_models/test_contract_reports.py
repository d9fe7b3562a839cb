"""Outcomes that fit a termination message, exit codes, and the status that an outcome becomes."""

from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest

from darkroom_api.conditions import TERMINAL_PHASES, DatasetPhase, Reason, RunPhase
from darkroom_api.endings import ENDINGS, ExitCode
from darkroom_api.report import MAX_OUTCOME_BYTES, Meter, Outcome, parse_outcome
from darkroom_api.results import charge, describe_dataset, describe_run, finish_dataset, finish_run
from darkroom_api.run_config import Command
from darkroom_api.v1alpha1.common import Artifacts, MeasuredOn, Performance, TagPerformance
from darkroom_api.v1alpha1.dataset import Category, DatasetStatus, DatasetSummary, Problem
from darkroom_api.v1alpha1.evaluation import EvaluationStatus
from darkroom_api.v1alpha1.model import BudgetStatus, ModelStatus, ProgressStatus

NOW: Final = datetime(2026, 5, 4, 12, 0, 0, tzinfo=UTC)
LATER: Final = NOW + timedelta(minutes=10)


def an_outcome(**fields: Any) -> Outcome:
    return Outcome(**{"command": Command.TRAIN, "reason": Reason.SUCCEEDED, "message": "Done.", **fields})


def a_performance(tags: int) -> Performance:
    per_tag = {
        f"a tag with a long name, number {number}": TagPerformance(accuracy=0.123456789) for number in range(tags)
    }
    return Performance(measured_on=MeasuredOn.HOLD_OUT, images=10, score=0.97, tag_performance=per_tag)


def a_summary(categories: int, text: str = "x") -> DatasetSummary:
    return DatasetSummary(
        images=10,
        annotations=20,
        categories=tuple(Category(name=f"{text * 200}{n}", images=1, annotations=2) for n in range(categories)),
        category_count=categories,
        problems=tuple(Problem(subject=f"{text * 300}{n}", message="truncated") for n in range(10)),
        problem_count=10,
    )


@pytest.mark.parametrize(
    "outcome",
    [
        an_outcome(),
        an_outcome(message="ß" * 1024),
        an_outcome(performance=a_performance(2000)),
        an_outcome(command=Command.INSPECT, summary=a_summary(100)),
        an_outcome(command=Command.INSPECT, summary=a_summary(100, "漢"), message="漢" * 1024),
        an_outcome(artifacts=Artifacts(uri="s3://" + "x" * 2000, digest="sha256:" + "0" * 64), message="x" * 1024),
        an_outcome(
            artifacts=Artifacts(uri="s3://" + "漢" * 2000), performance=a_performance(2000), message="漢" * 1024
        ),
    ],
    ids=[
        "small",
        "a message of many bytes",
        "2,000 tags",
        "100 long tags",
        "wide characters",
        "a long uri",
        "everything",
    ],
)
def test_an_outcome_fits_a_termination_message_and_reads_back(outcome: Outcome) -> None:
    text = outcome.to_termination_message()
    assert len(text.encode()) <= MAX_OUTCOME_BYTES
    read = parse_outcome(text)
    assert read is not None
    assert (read.command, read.reason, read.meter) == (outcome.command, outcome.reason, outcome.meter)
    assert read.message
    assert outcome.message.startswith(read.message)


def test_a_score_survives_when_its_tags_do_not_fit() -> None:
    read = parse_outcome(an_outcome(performance=a_performance(2000)).to_termination_message())
    assert read is not None
    assert read.performance is not None
    assert read.performance.score == 0.97
    assert read.performance.tag_performance is None


def test_the_first_problem_survives_when_the_lists_do_not_fit() -> None:
    summary = a_summary(100)
    read = parse_outcome(an_outcome(command=Command.INSPECT, summary=summary).to_termination_message())
    assert read is not None
    assert read.summary is not None
    assert read.summary.problems[0] == summary.problems[0]
    assert read.summary.category_count == 100


def test_advice_is_told_as_long_as_there_is_room_after_the_problems() -> None:
    advice = tuple(Problem(subject=f"train.json image {n}", message="x" * 400) for n in range(10))
    summary = a_summary(100).model_copy(update={"problems": (), "advice": advice, "advice_count": 70})
    read = parse_outcome(an_outcome(command=Command.INSPECT, summary=summary).to_termination_message())
    assert read is not None
    assert read.summary is not None
    assert (read.summary.advice, read.summary.advice_count) == (advice[:3], 70)
    assert len(read.summary.categories) == 10


@pytest.mark.parametrize("text", ["", "Killed", "Traceback (most recent call last):", "{}", '{"command": "train"}'])
def test_log_lines_are_no_outcome(text: str) -> None:
    assert parse_outcome(text) is None


def test_exit_codes_are_apart_and_zero_means_done_as_asked() -> None:
    codes = {reason: row.exit_code for reason, row in ENDINGS.items() if row.exit_code is not None}
    done = {reason for reason, code in codes.items() if code == 0}
    assert done == {Reason.SUCCEEDED, Reason.CANCELLED}
    assert len(set(codes.values())) == len(codes) - 1 == len(ExitCode)


@pytest.mark.parametrize("reason", [reason for reason, row in ENDINGS.items() if row.exit_code is None])
def test_a_report_with_a_reason_that_no_trainer_has_is_none(reason: Reason) -> None:
    assert parse_outcome(an_outcome(reason=reason).to_termination_message()) is None


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


@pytest.mark.parametrize("phase", RunPhase)
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
