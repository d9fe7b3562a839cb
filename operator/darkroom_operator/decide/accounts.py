"""The status of a run that is not over, brought up to date with its attempts: both meters, and where it is.

Owns what is charged while a trainer works and after it has ended. What attempts held is measured in `holdings`.
"""

from typing import Any

from darkroom_api import results
from darkroom_api.results import RunStatusT
from darkroom_api.v1alpha1.model import BudgetStatus, ModelStatus
from darkroom_operator.decide import holdings
from darkroom_operator.decide.attempts import Ledger
from darkroom_operator.decide.steps import Demand
from darkroom_operator.facts.views import Observed


def bring_up_to_date(demand: Demand[RunStatusT], ledger: Ledger) -> RunStatusT:
    """Return the status with the attempts as they are, what the last one was given and where it is, and both meters."""
    seen, status = demand.seen, demand.seen.status
    update: dict[str, object] = {
        "attempts": ledger.attempts,
        "queued_at": status.queued_at or seen.created_at or seen.now,
        "started_at": status.started_at or ledger.first_started_at,
    }
    given = status.allocation
    if given is not None and ledger.attempts:
        update["allocation"] = given.model_copy(update={"node": ledger.attempts[-1].node})
    if demand.budget_seconds is not None and isinstance(status, ModelStatus):
        before = status.budget.allocated_seconds if status.budget else 0.0
        budget = BudgetStatus(
            total_seconds=demand.budget_seconds,
            allocated_seconds=holdings.sum_allocated(status.attempts, ledger.attempts, before),
            remaining_seconds=demand.budget_seconds,
        )
        charged_before = status.budget.charged_seconds if status.budget else 0.0
        update["budget"] = results.charge(budget, _find_charged(seen, ledger, charged_before))
    return status.model_copy(update=update)


def _find_charged(seen: Observed[Any, RunStatusT], ledger: Ledger, charged_before: float) -> float:
    """Return what is kept and what the running trainer adds.

    Infrastructure that ends an attempt refunds what no checkpoint holds. A crash refunds nothing: what was reported
    last stays charged, until a later attempt has read the checkpoint and reports.
    """
    report, pod, recorded = seen.report, ledger.pod, seen.status.attempts[-1:]
    if pod is not None and report is not None and report.pod_uid == pod.uid:
        return max(report.progress.meter.charged_seconds, ledger.kept_seconds)
    if pod is not None and recorded and recorded[0].pod_uid == pod.uid:
        return charged_before
    last = next((attempt for attempt in reversed(ledger.attempts) if attempt.outcome is not None), None)
    crashed = last is not None and not last.free and last.charged_seconds is None
    return max(ledger.kept_seconds, charged_before) if crashed else ledger.kept_seconds
