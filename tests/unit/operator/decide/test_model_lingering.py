"""A pod whose trainer has ended and which another container keeps alive: it does not keep the device."""

import pytest

from darkroom_api.conditions import RunPhase
from darkroom_operator.decide.model import decide_model
from tests.builders import a_config, a_job, a_model_status, a_model_view, an_attempt, an_ended_pod, an_outcome, at

LINGERING = an_ended_pod(0, an_outcome(), finished=50, phase="Running")
"""Its trainer has ended, and a container that somebody injected has not."""


def test_a_pod_that_an_injected_container_keeps_alive_is_ended_soon_after_its_trainer() -> None:
    ended = decide_model(
        a_model_view(status=a_model_status(an_attempt()), jobs=(a_job(),), pods=(LINGERING,), now=at(51)), a_config()
    )
    assert (ended.status.phase, ended.stop) == (RunPhase.SUCCEEDED, ())
    assert ended.requeue_after_seconds is not None
    assert ended.requeue_after_seconds <= 10
    later = decide_model(a_model_view(status=ended.status, jobs=(a_job(),), pods=(LINGERING,), now=at(61)), a_config())
    assert (later.status, later.stop, later.end) == (ended.status, (a_job(),), (LINGERING,))


@pytest.mark.parametrize(
    ("dies_at", "is_ended"), [(661, True), (77, True), (72, False), (20, False)],
    ids=["in ten minutes", "in 16 s", "in 11 s", "long ago, on a node that answers no more"],
)  # fmt: skip
def test_a_pod_that_dies_only_after_a_long_grace_period_is_ended_though_its_job_is_deleted(
    dies_at: int, is_ended: bool
) -> None:
    pod = an_ended_pod(0, an_outcome(), finished=50, phase="Running", deleted_at=at(dies_at))
    status = decide_model(
        a_model_view(status=a_model_status(an_attempt()), jobs=(a_job(),), pods=(pod,), now=at(51)), a_config()
    ).status
    seen = a_model_view(status=status, jobs=(a_job(deleting=True),), pods=(pod,), now=at(61))
    later = decide_model(seen, a_config())
    assert (later.stop, later.end) == ((), (pod,) if is_ended else ())


def test_a_pod_that_ended_with_its_trainer_keeps_its_job_and_its_log() -> None:
    pod = an_ended_pod(0, an_outcome(), finished=50)
    ended = decide_model(
        a_model_view(status=a_model_status(an_attempt()), jobs=(a_job(),), pods=(pod,), now=at(51)), a_config()
    )
    later = decide_model(a_model_view(status=ended.status, jobs=(a_job(),), pods=(pod,), now=at(500)), a_config())
    assert (ended.requeue_after_seconds, later.stop) == (None, ())
