"""What a namespace may ask for: told by field and value, with what is allowed; running attempts go on."""

from typing import Any

import pytest

from darkroom_api.conditions import DatasetPhase, Reason, RunPhase
from darkroom_api.v1alpha1.dataset import DatasetStatus
from darkroom_api.v1alpha1.evaluation import EvaluationStatus
from darkroom_operator.decide.dataset import decide_dataset
from darkroom_operator.decide.model import decide_model
from darkroom_operator.decide.model_use import decide_evaluation
from darkroom_operator.manifests.run_config import plan_inspection
from tests.builders import (
    a_config,
    a_dataset_view,
    a_job,
    a_model_spec,
    a_model_status,
    a_model_view,
    a_running_pod,
    an_attempt,
    an_ended_pod,
    an_evaluation_spec,
    an_evaluation_view,
    an_outcome,
    at,
)

OURS = {"namespaces": ["vis*"]}
OPENED = EvaluationStatus(attempts=(an_attempt(),), observed_generation=1)
INSPECTED = DatasetStatus(attempts=(an_attempt(),), observed_generation=1)
STRICT = a_config(
    limits=[
        {"namespaces": ["lab"], "allowedPriorityClasses": ["*"]},
        {
            **OURS,
            "allowedPriorityClasses": ["batch-*", "low"],
            "allowedComputeClasses": ["g*"],
            "maxDevices": 2,
            "maxBudget": "1h",
            "maxEvaluationTime": "30m",
            "maxInspectionTime": "10m",
        },
        {"namespaces": ["*"], "allowedPriorityClasses": ["*"]},
    ]
)

SPREAD = a_config(
    computeClasses={"gpu": {"maxDevices": 4, "maxNodes": 4}}, limits=[{"namespaces": ["*"], "maxDevices": 2}]
)

REFUSED: dict[str, tuple[Any, Any, str]] = {
    "a priority where nothing is said about any": (
        {"priorityClassName": "high"}, a_config(),
        "priorityClassName: PriorityClass `high` is not allowed in namespace `vision` (allowed: none); use an allowed "
        "one or remove the field, or ask the administrator to allow it.",
    ),
    "a priority that only a later entry allows": (
        {"priorityClassName": "high"}, STRICT,
        "priorityClassName: PriorityClass `high` is not allowed in namespace `vision` (allowed: `batch-*`, `low`); use "
        "an allowed one or remove the field, or ask the administrator to allow it.",
    ),
    "a class": (
        {"compute": {"class": "cpu"}}, STRICT,
        "compute.class: compute class `cpu` is not allowed in namespace `vision` (allowed: `gpu`); create the resource "
        "again with an allowed one, or ask the administrator to allow it.",
    ),
    "devices": (
        {"compute": {"devices": 3}}, STRICT,
        "compute.devices: 3 is more than 2, the most in namespace `vision`; create the resource again with fewer, or "
        "ask the administrator to allow it.",
    ),
    "nodes with devices": (
        {"compute": {"nodes": 2, "devices": 2}}, SPREAD,
        "compute.nodes: 2 with 2 each is more than 2, the most in namespace `vision`; create the resource again with "
        "fewer, or ask the administrator to allow it.",
    ),
    "a budget": (
        {"budget": "1h1s"}, STRICT,
        "budget: 1h1s is more than 1h, the most in namespace `vision`; create the Model again with less, or ask the "
        "administrator to allow it.",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("spec", "config", "message"), REFUSED.values(), ids=REFUSED.keys())
def test_a_model_that_asks_for_more_waits_and_is_told_what_is_allowed(spec: Any, config: Any, message: str) -> None:
    decision = decide_model(a_model_view(a_model_spec(**spec)), config)
    assert (decision.start, decision.status.phase) == (None, RunPhase.QUEUED)
    assert (decision.status.reason, decision.status.message) == (Reason.NOT_ALLOWED, message)


ALLOWED: dict[str, tuple[Any, Any]] = {
    "what the entry names": (
        {"priorityClassName": "batch-night", "budget": "1h", "compute": {"class": "gpu", "devices": 2}}, STRICT,
    ),
    "as many nodes as devices": ({"compute": {"nodes": 2}}, SPREAD),
    "another priority in another namespace": ({"priorityClassName": "high"}, a_config(limits=STRICT.limits[::2])),
    "everything but a priority where nothing is said": (
        {"budget": "1344h", "compute": {"class": "gpu", "devices": 4}}, a_config(),
    ),
}  # fmt: skip


@pytest.mark.parametrize(("spec", "config"), ALLOWED.values(), ids=ALLOWED.keys())
def test_a_model_may_ask_for(spec: Any, config: Any) -> None:
    assert decide_model(a_model_view(a_model_spec(**spec)), config).start == 1


def test_an_evaluation_asks_for_hardware_only_and_that_is_checked() -> None:
    view = an_evaluation_view(an_evaluation_spec(compute={"class": "cpu"}))
    status = decide_evaluation(view, STRICT).status
    assert (status.reason, (status.message or "")[:14]) == (Reason.NOT_ALLOWED, "compute.class:")
    assert decide_evaluation(view, a_config()).start == 1


def test_an_attempt_that_works_goes_on_when_its_namespace_may_have_less() -> None:
    view = a_model_view(
        a_model_spec(budget="2h"), a_model_status(an_attempt()), jobs=(a_job(),), pods=(a_running_pod(),)
    )
    decision = decide_model(view, STRICT)
    assert (decision.status.phase, decision.stop) == (RunPhase.TRAINING, ())


ROOM: dict[str, tuple[int, int | None, int | None]] = {
    "a run where there is no bound": (1000, None, 1),
    "a run while fewer have a Job": (2, 3, 1),
    "nothing while as many have a Job as may": (3, 3, None),
    "nothing while more have a Job than may by now": (5, 3, None),
}


@pytest.mark.parametrize(("others", "most", "start"), ROOM.values(), ids=ROOM.keys())
def test_a_namespace_starts(others: int, most: int | None, start: int | None) -> None:
    config = a_config(limits=[{**OURS, "maxRunningRuns": most}])
    for decision in (
        decide_model(a_model_view(other_runs=others), config),
        decide_evaluation(an_evaluation_view(other_runs=others), config),
    ):
        assert decision.start == start
        if start is None:
            assert (decision.status.phase, decision.status.reason) == (RunPhase.QUEUED, Reason.WAITING_FOR_QUOTA)
            assert decision.status.message == (
                f"limits.maxRunningRuns: {others} runs of namespace `vision` have a Job, and {most} may at once; "
                "this one follows when another has ended."
            )
            assert decision.requeue_after_seconds is not None


def test_a_cancelled_run_waits_with_its_best_model_until_there_is_room_to_publish_it() -> None:
    status = a_model_status(an_attempt(1, Reason.CANCELLED, charged_seconds=20))
    config = a_config(limits=[{**OURS, "maxRunningRuns": 1}])
    view = a_model_view(a_model_spec(cancel=True), status, other_runs=1)
    waiting = decide_model(view, config).status
    assert (waiting.phase, waiting.reason) == (RunPhase.QUEUED, Reason.CANCELLED)
    assert "limits.maxRunningRuns" in (waiting.message or "")
    assert decide_model(a_model_view(a_model_spec(cancel=True), status, other_runs=0), config).start == 2


def test_an_inspection_waits_for_no_run() -> None:
    config = a_config(limits=[{**OURS, "maxRunningRuns": 1}])
    assert decide_dataset(a_dataset_view(other_runs=1), config).start == 1


def test_evaluations_and_inspections_are_given_the_time_of_their_namespace() -> None:
    evaluation = decide_evaluation(an_evaluation_view(), STRICT).status
    assert evaluation.allocation is not None
    assert evaluation.allocation.deadline_seconds == 30 * 60 + 150
    opened = decide_dataset(a_dataset_view(), STRICT).status
    assert plan_inspection(a_dataset_view(), opened, STRICT).deadline_seconds == 10 * 60 + 150


@pytest.mark.parametrize(("seconds", "stopped"), [(749, False), (751, True)])
def test_an_inspection_is_stopped_when_its_time_is_over(seconds: float, stopped: bool) -> None:
    view = a_dataset_view(status=INSPECTED, jobs=(a_job(),), pods=(a_running_pod(started=0),), now=at(seconds))
    assert bool(decide_dataset(view, STRICT).stop) is stopped


STOPPED = {
    "a trainer that says so": an_outcome(Reason.RETRYING_AFTER_DISRUPTION),
    "a trainer that says nothing": "",
}


@pytest.mark.parametrize("said", STOPPED.values(), ids=STOPPED.keys())
def test_what_took_longer_than_it_may_is_not_tried_again_and_told_so(said: Any) -> None:
    late = an_ended_pod(143, said, started=0, finished=30 * 60 + 152)
    evaluation = decide_evaluation(
        an_evaluation_view(status=OPENED, jobs=(a_job(finished_at=at(2000)),), pods=(late,), now=at(2000)), STRICT
    ).status
    assert (evaluation.phase, evaluation.reason) == (RunPhase.FAILED, Reason.NOT_ALLOWED)
    assert evaluation.message == (
        "limits.maxEvaluationTime: the Evaluation did not end within 30m, the most in namespace `vision`, and was "
        "stopped; use a smaller Dataset or a faster compute class, or ask the administrator for more."
    )
    dataset = decide_dataset(
        a_dataset_view(status=INSPECTED, jobs=(a_job(finished_at=at(2000)),), pods=(late,), now=at(2000)), STRICT
    )
    assert (dataset.status.phase, dataset.status.reason) == (DatasetPhase.INVALID, Reason.NOT_ALLOWED)
    assert "limits.maxInspectionTime: the inspection did not end within 10m" in (dataset.status.message or "")


def test_a_pod_that_is_stopped_within_its_time_is_tried_again() -> None:
    early = an_ended_pod(143, an_outcome(Reason.RETRYING_AFTER_DISRUPTION), started=0, finished=60)
    status = decide_evaluation(
        an_evaluation_view(status=OPENED, jobs=(a_job(),), pods=(early,), now=at(61)), STRICT
    ).status
    assert status.reason is Reason.RETRYING_AFTER_DISRUPTION
