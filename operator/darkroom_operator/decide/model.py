"""What to do about a Model: what blocks it, what its budget still allows, and what its meters say.

The way through the attempts is in `run`, with its diagram.
"""

from darkroom_api.conditions import Reason, RunPhase
from darkroom_api.durations import parse_duration
from darkroom_api.results import charge
from darkroom_api.v1alpha1.common import Allocation, Attempt
from darkroom_api.v1alpha1.model import BudgetStatus, ModelSpec, ModelStatus
from darkroom_operator.config import OperatorConfig
from darkroom_operator.decide import allocation, checks, meters, run
from darkroom_operator.decide.attempts import Ledger
from darkroom_operator.decide.decision import Decision, Problem
from darkroom_operator.decide.rules import RunRules, describe_memory
from darkroom_operator.facts.views import ModelView
from darkroom_operator.manifests.locations import find_output_base


def decide_model(view: ModelView, config: OperatorConfig) -> Decision[ModelStatus]:
    """Return the status of a Model and what to start or stop."""
    spec = view.self_.spec
    rules = RunRules[ModelSpec, ModelStatus](
        working_phase=RunPhase.TRAINING,
        working_reason=Reason.TRAINING,
        working_message="The trainer works.",
        find_blocker=lambda: find_blocker(view, config),
        allocate=lambda attempts: allocate(view, attempts, config),
        memory=describe_memory(spec.compute, config),
        suspend=bool(spec.suspend),
        cancel=bool(spec.cancel),
        account=lambda status, ledger: _account(view, status, ledger),
    )
    return run.decide_run(view.self_, rules, config)


def allocate(view: ModelView, attempts: tuple[Attempt, ...], config: OperatorConfig) -> Allocation:
    """Return what the attempt after `attempts` is given.

    Only work that an ended attempt is known to have kept counts as done: what a lost attempt did is refunded.
    """
    spec = view.self_.spec
    kept = max((attempt.charged_seconds or 0.0 for attempt in attempts), default=0.0)
    remaining = max(parse_duration(spec.budget) - kept, 1.0)
    return allocation.allocate_work(spec.compute, view.dataset.images if view.dataset else None, remaining, config)


def find_blocker(view: ModelView, config: OperatorConfig) -> Problem | None:
    """Return the first thing that keeps the next attempt from starting."""
    spec, namespace = view.self_.spec, view.self_.key.namespace
    problem = checks.check_compute(spec.compute, config)
    problem = problem or checks.check_dataset(spec.dataset, view.dataset, spec.task, "dataset", namespace)
    if problem is not None:
        return problem
    if spec.evaluation_dataset is not None:
        other = view.evaluation_dataset
        problem = checks.check_dataset(spec.evaluation_dataset, other, spec.task, "evaluationDataset", namespace)
    return problem or _check_places(view, config)


def _check_places(view: ModelView, config: OperatorConfig) -> Problem | None:
    spec, dataset, other = view.self_.spec, view.dataset, view.evaluation_dataset
    assert dataset is not None
    base = find_output_base(spec.output, dataset.spec, config.output, view.self_.key.namespace)
    if base is None:
        return Problem(Reason.INVALID_CONFIGURATION, checks.NO_OUTPUT)
    storages = [("dataset: storage", dataset.spec.storage), ("output.storage", base[1])]
    if other is not None:
        storages.append(("evaluationDataset: storage", other.spec.storage))
    if config.trainer.weights.uri is not None:
        storages.append(("trainer.weights.storage", config.trainer.weights.storage))
    return checks.check_output(base[0]) or checks.check_storages(storages, config)


def _account(view: ModelView, status: ModelStatus, ledger: Ledger) -> ModelStatus:
    """Bring both meters up to date; `charge` keeps charged within the budget."""
    old = view.self_.status
    total = float(parse_duration(view.self_.spec.budget))
    before = old.budget.allocated_seconds if old.budget else 0.0
    allocated = meters.sum_allocated(old.attempts, ledger.attempts, before)
    empty = BudgetStatus(total_seconds=total, allocated_seconds=allocated, remaining_seconds=total)
    return status.model_copy(update={"budget": charge(empty, _find_charged(view, ledger))})


def _find_charged(view: ModelView, ledger: Ledger) -> float:
    """Return what is kept and what the running trainer adds.

    Infrastructure that ends an attempt refunds what no checkpoint holds. A crash refunds nothing: what was told last
    stays, until a later attempt has read the checkpoint and tells.
    """
    report, pod, old = view.self_.report, ledger.pod, view.self_.status.budget
    told_before = old.charged_seconds if old is not None else 0.0
    recorded = view.self_.status.attempts[-1:]
    if pod is not None and report is not None and report.pod_uid == pod.uid:
        return max(report.progress.meter.charged_seconds, ledger.kept_seconds)
    if pod is not None and recorded and recorded[0].pod_uid == pod.uid:
        return told_before
    return max(ledger.kept_seconds, told_before) if _has_crashed(ledger) else ledger.kept_seconds


def _has_crashed(ledger: Ledger) -> bool:
    """Return whether the last attempt that ended did so without a word, by a fault that is not the cluster's."""
    last = next((attempt for attempt in reversed(ledger.attempts) if attempt.outcome is not None), None)
    return last is not None and not last.free and last.charged_seconds is None
