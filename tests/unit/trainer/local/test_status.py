"""The statuses of a run on this machine, from its queue to its end."""

import pathlib
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from darkroom_api.blockers import Blocker
from darkroom_api.conditions import ConditionType, DatasetPhase, Reason, RunPhase
from darkroom_api.report import Meter, Outcome
from darkroom_api.results import AnyStatus, start_status
from darkroom_api.run_config import Command, DatasetSource, RunConfig
from darkroom_api.runs import build_reference
from darkroom_api.v1alpha1.common import AnnotationKind
from darkroom_api.v1alpha1.model import ModelStatus
from darkroom_api.v1alpha1.run_status import ProgressStatus
from darkroom_trainer.local import status as statuses
from tests.unit.trainer.run_builders import a_dataset, a_model, a_prediction, an_evaluation, parse

NOW = datetime(2026, 5, 4, 12, 0, 0, tzinfo=UTC)
LATER = NOW + timedelta(seconds=50)


def started(tmp_path: pathlib.Path, document: dict[str, Any]) -> AnyStatus:
    return statuses.begin(start_status(parse(tmp_path, document).spec, 1, NOW), a_config(), "laptop", NOW)


def a_config(**fields: Any) -> RunConfig:
    """Return what a run is told; a status takes its attempt and its resource from it."""
    data = DatasetSource(name="fruit", annotation_kind=AnnotationKind.CLASSIFICATION, annotation_files=("file:///a",))
    resource = build_reference("Model", "default", "sorter", "uid")
    return RunConfig(command=Command.TRAIN, resource=resource, dataset=data, **fields)


def an_outcome(reason: Reason = Reason.SUCCEEDED, charged: float = 40.0, command: Command = Command.TRAIN) -> Outcome:
    return Outcome(command=command, reason=reason, message="words", meter=Meter(charged_seconds=charged))


def condition(status: AnyStatus, kind: ConditionType) -> str:
    return next(str(entry.status) for entry in status.conditions if entry.type == kind)


def test_a_model_goes_from_queued_to_training_to_succeeded_with_its_meters(tmp_path: pathlib.Path) -> None:
    status = start_status(parse(tmp_path, a_model()).spec, 1, NOW)
    assert isinstance(status, ModelStatus)
    assert (status.phase, status.reason, status.queued_at) == (RunPhase.QUEUED, Reason.SCHEDULING, NOW)
    status = statuses.begin(status, a_config(), "laptop", NOW)
    assert (status.phase, status.reason) == (RunPhase.TRAINING, Reason.TRAINING)
    shown = ProgressStatus(percent=50, stage="Training")
    status = statuses.progress(status, shown, 20.0)
    assert isinstance(status, ModelStatus)
    assert status.budget is not None
    assert (status.progress, status.budget.remaining_seconds) == (shown, 40.0)
    status = statuses.finish(status, an_outcome(), 45.2, LATER)
    assert isinstance(status, ModelStatus)
    assert status.budget is not None
    assert status.phase is RunPhase.SUCCEEDED
    assert status.budget.model_dump() == {
        "total_seconds": 60.0, "charged_seconds": 40.0, "allocated_seconds": 45.2, "remaining_seconds": 20.0,
    }  # fmt: skip
    assert (status.started_at, status.completed_at, status.progress) == (NOW, LATER, None)
    attempt = status.attempts[0]
    assert (attempt.number, attempt.node, attempt.exit_code, attempt.outcome) == (1, "laptop", 0, "Succeeded")
    assert (attempt.started_at, attempt.finished_at) == ("2026-05-04T12:00:00Z", "2026-05-04T12:00:50Z")


@pytest.mark.parametrize(
    ("document", "phase"),
    [
        (a_dataset(), DatasetPhase.INSPECTING),
        (a_model(), RunPhase.TRAINING),
        (an_evaluation(), RunPhase.EVALUATING),
        (a_prediction(), RunPhase.PREDICTING),
    ],
    ids=["a Dataset", "a Model", "an Evaluation", "a Prediction"],
)
def test_every_kind_has_its_working_phase_and_its_bad_end(
    document: dict[str, Any], phase: str, tmp_path: pathlib.Path
) -> None:
    status = started(tmp_path, document)
    assert status.phase == phase
    failed = statuses.finish(status, an_outcome(Reason.DATASET_CORRUPT), 1.0, LATER)
    assert failed.phase in (DatasetPhase.INVALID, RunPhase.FAILED)
    assert (failed.reason, failed.attempts[0].exit_code) == (Reason.DATASET_CORRUPT, 65)
    assert condition(failed, ConditionType.STALLED) == "True"
    assert not statuses.is_done_well(failed)


def test_storage_that_stayed_away_ends_as_on_a_cluster(tmp_path: pathlib.Path) -> None:
    outcome = an_outcome(Reason.STORAGE_UNAVAILABLE, 0.0, Command.INSPECT)
    status = statuses.finish(started(tmp_path, a_dataset()), outcome, 20.0, LATER)
    assert (status.phase, status.reason) == (DatasetPhase.INVALID, Reason.STORAGE_UNAVAILABLE)
    assert (status.attempts[0].outcome, status.attempts[0].exit_code) == ("StorageUnavailable", 75)


@pytest.mark.parametrize("final", [True, False])
def test_a_blocked_run_fails_or_waits(final: bool) -> None:
    status = statuses.block(ModelStatus(), Blocker(Reason.DATASET_CORRUPT, "dataset: Dataset `fruit`", final), NOW)
    assert status.phase is (RunPhase.FAILED if final else RunPhase.QUEUED)
    assert (status.reason, status.message) == (Reason.DATASET_CORRUPT, "dataset: Dataset `fruit`")
    assert (status.completed_at is not None) is final


def test_an_interrupted_model_is_queued_again_and_keeps_what_it_cost(tmp_path: pathlib.Path) -> None:
    status = started(tmp_path, a_model())
    stopped = statuses.finish(status, an_outcome(Reason.RETRYING_AFTER_DISRUPTION, 12.0), 15.0, LATER)
    kept = statuses.interrupt(statuses.keep_meters(status, stopped), "Again.", LATER)
    assert isinstance(kept, ModelStatus)
    assert kept.message == "Again."
    assert (kept.phase, kept.reason, kept.completed_at) == (RunPhase.QUEUED, Reason.RETRYING_AFTER_DISRUPTION, None)
    assert kept.budget is not None
    assert (kept.budget.charged_seconds, kept.attempts[0].free) == (12.0, True)


def test_a_second_attempt_adds_to_the_list_and_to_what_was_held(tmp_path: pathlib.Path) -> None:
    status = started(tmp_path, a_model())
    stopped = statuses.finish(status, an_outcome(Reason.RETRYING_AFTER_DISRUPTION, 12.0), 15.0, LATER)
    again = statuses.begin(statuses.keep_meters(status, stopped), a_config(attempt=2, publish_only=True), "lap", LATER)
    ended = statuses.finish(again, an_outcome(charged=20.0), 10.0, LATER)
    assert isinstance(ended, ModelStatus)
    assert ended.budget is not None
    assert (ended.budget.charged_seconds, ended.budget.allocated_seconds) == (20.0, 25.0)
    assert [(attempt.number, attempt.outcome) for attempt in ended.attempts] == [
        (1, "RetryingAfterDisruption"), (2, "Succeeded"),
    ]  # fmt: skip
    assert (ended.started_at, ended.attempts[1].publish_only) == (NOW, True)
