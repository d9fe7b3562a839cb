"""What a Model is charged while a trainer works and after it has ended, and what a lost attempt is refunded."""

from typing import Any

from darkroom_api.conditions import Reason, RunPhase
from darkroom_api.v1alpha1.model import BudgetStatus, ModelStatus
from darkroom_operator.decide.model import decide_model
from darkroom_operator.decide.steps import Decision
from tests.builders import (
    a_config,
    a_job,
    a_model_status,
    a_model_view,
    a_report,
    a_running_pod,
    an_attempt,
    an_ended_pod,
    an_outcome,
    at,
)

DISRUPTED = Reason.RETRYING_AFTER_DISRUPTION


def decide(view: Any) -> Decision[ModelStatus]:
    """Decide with the tests' configuration."""
    return decide_model(view, a_config())


def test_work_of_a_lost_attempt_is_refunded() -> None:
    charged = BudgetStatus(total_seconds=600, charged_seconds=200, allocated_seconds=210, remaining_seconds=400)
    status = a_model_status(an_attempt(allocated_seconds=210, pod_uid="pod-1"), budget=charged)
    budget = decide(a_model_view(status=status)).status.budget
    assert budget is not None
    assert (budget.charged_seconds, budget.allocated_seconds) == (0, 210)


def test_work_that_a_checkpoint_holds_stays_charged() -> None:
    pod = an_ended_pod(143, an_outcome(DISRUPTED, charged=120))
    budget = decide(a_model_view(status=a_model_status(an_attempt()), jobs=(a_job(),), pods=(pod,))).status.budget
    assert budget is not None
    assert budget.charged_seconds == 120


def test_charged_never_passes_the_budget() -> None:
    pod = an_ended_pod(0, an_outcome(charged=700))
    budget = decide(a_model_view(status=a_model_status(an_attempt()), jobs=(a_job(),), pods=(pod,))).status.budget
    assert budget is not None
    assert (budget.charged_seconds, budget.remaining_seconds) == (600, 0)


def test_a_trainer_without_a_report_yet_keeps_what_was_told_before() -> None:
    charged = BudgetStatus(total_seconds=600, charged_seconds=33, remaining_seconds=567)
    status = a_model_status(an_attempt(pod_uid="pod-1"), budget=charged, phase=RunPhase.TRAINING)
    budget = decide(a_model_view(status=status, jobs=(a_job(),), pods=(a_running_pod(),))).status.budget
    assert budget is not None
    assert budget.charged_seconds == 33


def test_a_trainer_that_has_not_found_its_checkpoint_yet_does_not_show_less_than_what_is_kept() -> None:
    kept = an_attempt(1, DISRUPTED, charged_seconds=40)
    pod = a_running_pod(2, uid="pod-2")
    view = a_model_view(
        status=a_model_status(kept, an_attempt(2)),
        jobs=(a_job(2),),
        pods=(pod,),
        report=a_report(charged=0, pod_uid="pod-2"),
    )
    budget = decide(view).status.budget
    assert budget is not None
    assert budget.charged_seconds == 40


CRASHED = an_ended_pod(137, "killed")


def test_a_crash_refunds_nothing_and_loses_nothing() -> None:
    charged = BudgetStatus(total_seconds=600, charged_seconds=200, allocated_seconds=210, remaining_seconds=400)
    status = a_model_status(an_attempt(pod_uid="pod-1"), budget=charged)
    crashed = decide(a_model_view(status=status, jobs=(a_job(),), pods=(CRASHED,), now=at(52))).status
    again = decide(a_model_view(status=crashed, now=at(61))).status
    waiting = decide(a_model_view(status=again, jobs=(a_job(2),), now=at(62))).status
    assert [seen.budget.charged_seconds for seen in (crashed, again, waiting) if seen.budget] == [200, 200, 200]
    resumed = a_model_view(
        status=waiting,
        jobs=(a_job(2),),
        pods=(a_running_pod(2, started=63),),
        report=a_report(charged=180, pod_uid="pod-2"),
        now=at(70),
    )
    budget = decide(resumed).status.budget
    assert budget is not None
    assert budget.charged_seconds == 180


def test_a_run_that_crashes_for_good_stays_charged_what_was_told_last() -> None:
    charged = BudgetStatus(total_seconds=600, charged_seconds=200, remaining_seconds=400)
    crashes = [an_attempt(number, Reason.UNKNOWN, free=False) for number in (1, 2)]
    status = a_model_status(*crashes, an_attempt(3, pod_uid="pod-3"), budget=charged)
    pod = an_ended_pod(137, "killed", 3)
    ended = decide(a_model_view(status=status, jobs=(a_job(3),), pods=(pod,))).status
    assert ended.phase is RunPhase.FAILED
    assert ended.budget is not None
    assert ended.budget.charged_seconds == 200
