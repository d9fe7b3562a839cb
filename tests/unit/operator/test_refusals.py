"""What a status says where the API server refuses a Job, and where a spec cannot be read."""

from typing import Any

import pytest

from darkroom_api.blockers import Blocker
from darkroom_api.conditions import DatasetPhase, Reason, RunPhase
from darkroom_api.v1alpha1.dataset import DatasetStatus
from darkroom_api.v1alpha1.model import ModelStatus
from darkroom_operator import refusals
from darkroom_operator.decide.dataset import decide_dataset
from darkroom_operator.decide.model import decide_model
from darkroom_operator.facts.children import ObservedPod
from darkroom_operator.writing.apply import JobNameTakenError, JobRefusedError
from darkroom_operator.writing.isolation import PolicyRefusedError
from tests.builders import (
    a_config,
    a_dataset_view,
    a_model_status,
    a_model_view,
    a_pod,
    a_running_pod,
    an_attempt,
    at,
)

MANIFEST = {"metadata": {"name": "fruit-1", "namespace": "vision"}, "spec": {"template": {"spec": {}}}}
CAUSES: dict[str, tuple[refusals.Refusal, Reason, str]] = {
    "a quota": (JobRefusedError("exceeded quota: team"), Reason.WAITING_FOR_QUOTA, "Namespace `vision` has no quota"),
    "an admission rule": (JobRefusedError("denied by policy"), Reason.INVALID_CONFIGURATION, "denied by policy"),
    "a name that is taken": (
        JobNameTakenError("Job vision/fruit-1"),
        Reason.NAME_CONFLICT,
        "Job `fruit-1` in namespace `vision` belongs to something else",
    ),
    "a policy that cannot be kept": (
        PolicyRefusedError("networkpolicies is forbidden"),
        Reason.INVALID_CONFIGURATION,
        "networkPolicy.trainers: the operator cannot keep its NetworkPolicy in namespace `vision`: networkpolicies",
    ),
}


@pytest.mark.parametrize(("error", "reason", "words"), CAUSES.values(), ids=CAUSES)
def test_a_refusal_is_explained(error: refusals.Refusal, reason: Reason, words: str) -> None:
    blocker = refusals.explain_refusal(error, MANIFEST)
    assert blocker.reason is reason
    assert words in blocker.message


FULL = Blocker(Reason.WAITING_FOR_QUOTA, "No quota is left.")


def test_a_refused_first_attempt_of_a_model_is_none() -> None:
    view = a_model_view()
    refused = refusals.decide_refused(view.self_, decide_model(view, a_config()), FULL)
    assert (refused.status.phase, refused.status.reason) == (RunPhase.QUEUED, Reason.WAITING_FOR_QUOTA)
    assert (refused.status.message, refused.status.attempts) == ("No quota is left.", ())
    assert (refused.start, refused.requeue_after_seconds) == (None, refusals.RETRY_SECONDS)


def test_a_refused_later_attempt_leaves_the_earlier_ones() -> None:
    before = an_attempt(1, Reason.RETRYING_AFTER_DISRUPTION)
    view = a_model_view(status=a_model_status(before), now=at(5000))
    decision = decide_model(view, a_config())
    assert decision.start == 2
    assert refusals.decide_refused(view.self_, decision, FULL).status.attempts == (before,)


def test_a_refused_inspection_leaves_its_dataset_pending() -> None:
    view = a_dataset_view()
    refused = refusals.decide_refused(view, decide_dataset(view, a_config()), FULL)
    assert (refused.status.phase, refused.status.reason) == (DatasetPhase.PENDING, Reason.WAITING_FOR_QUOTA)


WHY = "task: Input should be 'classifier'"
UNREADABLE: dict[str, tuple[Any, tuple[ObservedPod, ...], bool]] = {
    "a new Model": (ModelStatus(), (), True),
    "a Model whose pod waits": (ModelStatus(), (a_pod(),), True),
    "a Model whose pod works": (ModelStatus(), (a_pod(), a_running_pod(2)), False),
    "a finished Model": (ModelStatus(phase=RunPhase.SUCCEEDED), (), False),
    "a cancelled Model": (ModelStatus(phase=RunPhase.CANCELLED), (), False),
    "a new Dataset": (DatasetStatus(), (), True),
    "a Ready Dataset": (DatasetStatus(phase=DatasetPhase.READY), (), False),
    "an Invalid Dataset": (DatasetStatus(phase=DatasetPhase.INVALID), (), False),
}


@pytest.mark.parametrize(("status", "pods", "told"), UNREADABLE.values(), ids=UNREADABLE)
def test_a_spec_that_cannot_be_read_is_told_where_nothing_is_lost_by_it(
    status: Any, pods: tuple[ObservedPod, ...], *, told: bool
) -> None:
    said = refusals.describe_unreadable(status, pods, WHY, 3, at(60))
    assert (said is not None) is told
    if said is not None:
        assert (said.reason, said.message, said.observed_generation) == (Reason.INVALID_CONFIGURATION, WHY, 3)
        waiting = DatasetPhase.PENDING if isinstance(said, DatasetStatus) else RunPhase.QUEUED
        assert said.phase is waiting
