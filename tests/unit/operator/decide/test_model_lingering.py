"""A pod whose trainer has ended and which another container keeps alive: it does not keep the device."""

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
    assert (later.status, later.stop) == (ended.status, (a_job(),))


def test_a_pod_that_ended_with_its_trainer_keeps_its_job_and_its_log() -> None:
    pod = an_ended_pod(0, an_outcome(), finished=50)
    ended = decide_model(
        a_model_view(status=a_model_status(an_attempt()), jobs=(a_job(),), pods=(pod,), now=at(51)), a_config()
    )
    later = decide_model(a_model_view(status=ended.status, jobs=(a_job(),), pods=(pod,), now=at(500)), a_config())
    assert (ended.requeue_after_seconds, later.stop) == (None, ())
