"""What the trainer reports at its end becomes a status, through a real termination message."""

from typing import Any

import pytest

from darkroom_api.conditions import DatasetPhase, Reason, RunPhase
from darkroom_api.endings import ENDINGS as TABLE, ExitCode, RetryCap
from darkroom_api.report import Outcome, parse_outcome
from darkroom_api.run_config import Command
from darkroom_api.v1alpha1.common import Artifacts, MeasuredOn, Performance, TagPerformance
from darkroom_api.v1alpha1.dataset import Category, DatasetStatus, DatasetSummary, Problem
from darkroom_api.v1alpha1.evaluation import EvaluationStatus
from darkroom_api.v1alpha1.model import ModelStatus
from darkroom_operator.decide import dataset, model, model_use
from tests.builders import (
    a_config,
    a_dataset_view,
    a_job,
    a_model_view,
    an_attempt,
    an_ended_pod,
    an_evaluation_view,
    an_outcome,
    at,
)

CONFIG = a_config(retries={"failures": 0, "disruptions": 0, "storage": 0})


PHASES = {Reason.SUCCEEDED: RunPhase.SUCCEEDED, Reason.CANCELLED: RunPhase.CANCELLED}
MODEL_ENDS = {
    Reason.RETRYING_AFTER_DISRUPTION: Reason.UNKNOWN,
}
"""What a reason becomes when nothing may be tried again; every other one stays."""


ENDINGS = [
    reason for reason, row in TABLE.items() if row.exit_code is not None and row.cap is not RetryCap.START_TIMEOUT
]
"""Wrong configuration and missing nodes end nothing at once: they are waited for."""


def report_end(outcome: Outcome) -> dict[str, Any]:
    """Return the Job and pod of an attempt that ended with `outcome`, through a real termination message."""
    pod = an_ended_pod(outcome.exit_code, outcome)
    assert parse_outcome(pod.termination_message) is not None
    return {"jobs": (a_job(),), "pods": (pod,), "now": at(100)}


@pytest.mark.parametrize("reason", ENDINGS)
def test_every_outcome_of_a_training_becomes_a_status(reason: Reason) -> None:
    seen = report_end(an_outcome(reason, f"about {reason}", command=Command.TRAIN))
    status = model.decide_model(a_model_view(status=ModelStatus(attempts=(an_attempt(),)), **seen), CONFIG).status
    assert status.phase is PHASES.get(reason, RunPhase.FAILED)
    assert status.reason is MODEL_ENDS.get(reason, reason)
    assert f"about {reason}" in (status.message or "")
    assert status.attempts[0].exit_code == TABLE[reason].exit_code


@pytest.mark.parametrize("reason", ENDINGS)
def test_every_outcome_of_an_evaluation_becomes_a_status(reason: Reason) -> None:
    seen = report_end(an_outcome(reason, f"about {reason}", command=Command.EVALUATE))
    view = an_evaluation_view(status=EvaluationStatus(attempts=(an_attempt(),)), **seen)
    status = model_use.decide_evaluation(view, CONFIG).status
    assert status.phase is PHASES.get(reason, RunPhase.FAILED)
    assert status.reason is MODEL_ENDS.get(reason, reason)


@pytest.mark.parametrize("reason", ENDINGS)
def test_every_outcome_of_an_inspection_becomes_a_status(reason: Reason) -> None:
    seen = report_end(an_outcome(reason, f"about {reason}", command=Command.INSPECT))
    view = a_dataset_view(status=DatasetStatus(attempts=(an_attempt(),), observed_generation=1), **seen)
    status = dataset.decide_dataset(view, CONFIG).status
    assert status.phase is (DatasetPhase.READY if reason is Reason.SUCCEEDED else DatasetPhase.INVALID)
    expected = Reason.READY if reason is Reason.SUCCEEDED else MODEL_ENDS.get(reason, reason)
    assert (status.reason, f"about {reason}" in (status.message or "")) == (expected, True)


def test_a_trainer_that_lacks_configuration_is_tried_again() -> None:
    seen = report_end(an_outcome(Reason.INVALID_CONFIGURATION, "storage.credentialsSecret: no keys"))
    view = a_model_view(status=ModelStatus(attempts=(an_attempt(),)), **{**seen, "now": at(52)})
    status = model.decide_model(view, CONFIG).status
    assert (status.phase, status.reason) == (RunPhase.QUEUED, Reason.INVALID_CONFIGURATION)
    assert "storage.credentialsSecret: no keys" in (status.message or "")


@pytest.mark.parametrize(
    "code", sorted({*ExitCode, 1, 2, 134, 137, 139, 255} - {ExitCode.BAD_CONFIG, ExitCode.NODES_MISSING})
)
def test_every_exit_code_without_a_report_becomes_an_end(code: int) -> None:
    seen: Any = {"jobs": (a_job(),), "pods": (an_ended_pod(code, "last words"),), "now": at(100)}
    status = model.decide_model(a_model_view(status=ModelStatus(attempts=(an_attempt(),)), **seen), CONFIG).status
    assert status.phase is RunPhase.FAILED
    assert "last words" in (status.message or "")
    assert status.attempts[0].exit_code == code


def test_a_report_too_long_for_its_place_still_becomes_a_status_with_its_score() -> None:
    tags = {f"tag {number}": TagPerformance(accuracy=0.5) for number in range(500)}
    score = Performance(measured_on=MeasuredOn.HOLD_OUT, images=9, score=0.9, tag_performance=tags)
    seen = report_end(an_outcome(performance=score, artifacts=Artifacts(uri="s3://vision/x")))
    status = model.decide_model(a_model_view(status=ModelStatus(attempts=(an_attempt(),)), **seen), CONFIG).status
    assert status.performance is not None
    assert (status.performance.score, status.artifacts) == (0.9, Artifacts(uri="s3://vision/x"))


def test_an_inspection_with_many_tags_and_problems_still_becomes_a_status_with_its_first_problem() -> None:
    summary = DatasetSummary(
        images=5,
        annotations=5,
        categories=tuple(Category(name=f"tag {n}", images=1, annotations=1) for n in range(100)),
        problems=tuple(Problem(subject=f"train.json image {n}", message="y" * 400) for n in range(10)),
        problem_count=10,
    )
    seen = report_end(an_outcome(Reason.DATASET_CORRUPT, command=Command.INSPECT, summary=summary))
    view = a_dataset_view(status=DatasetStatus(attempts=(an_attempt(),), observed_generation=1), **seen)
    status = dataset.decide_dataset(view, CONFIG).status
    assert status.summary is not None
    assert (status.summary.problem_count, status.summary.problems[0].subject) == (10, "train.json image 0")
