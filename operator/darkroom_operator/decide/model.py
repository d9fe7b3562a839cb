"""What to do about a Model: what blocks it, what its budget still allows, and what its meters say.

The way through the attempts is in `run`, with its diagram.
"""

from typing import Final

from darkroom_api.conditions import Reason, RunPhase
from darkroom_api.durations import parse_duration
from darkroom_api.results import charge
from darkroom_api.v1alpha1.model import BudgetStatus, ModelSpec, ModelStatus
from darkroom_operator.build.locations import find_output_base
from darkroom_operator.config import ComputeClass, OperatorConfig
from darkroom_operator.decide import checks, run
from darkroom_operator.decide.attempts import Ledger, sum_allocated
from darkroom_operator.decide.decision import Decision, Problem
from darkroom_operator.decide.rules import RunRules
from darkroom_operator.views import ModelView

START_UP_SECONDS: Final = 120
"""What a container may hold beyond its budget and the grace: resuming from a checkpoint is not charged."""


def decide_model(view: ModelView, config: OperatorConfig) -> Decision[ModelStatus]:
    """Return the status of a Model and what to start or stop."""
    spec = view.self_.spec
    rate = find_rate(spec, config)
    rules = RunRules[ModelSpec, ModelStatus](
        working_phase=RunPhase.TRAINING,
        working_reason=Reason.TRAINING,
        working_message="The trainer works.",
        find_blocker=lambda: find_blocker(view, config),
        rate=rate,
        wall_limit_seconds=find_remaining(view) / rate + config.grace_seconds + START_UP_SECONDS,
        suspend=bool(spec.suspend),
        cancel=bool(spec.cancel),
        account=lambda status, ledger: _account(view, status, ledger),
    )
    return run.decide_run(view.self_, rules, config)


def find_class(spec: ModelSpec, config: OperatorConfig) -> ComputeClass:
    """Return the compute class, or the default one where the named one is unknown (then the Model is blocked)."""
    name = (spec.compute.class_name if spec.compute else None) or config.default_compute_class
    return config.compute_classes.get(name, config.compute_classes[config.default_compute_class])


def find_rate(spec: ModelSpec, config: OperatorConfig) -> float:
    """Return the reference-device seconds that one second of the Model's container costs."""
    devices = (spec.compute.devices if spec.compute else None) or 1
    return devices * find_class(spec, config).milli_rate / 1000


def find_remaining(view: ModelView) -> float:
    """Return what the budget leaves for the attempt that is open or comes next, in reference-device seconds.

    Only work that an ended attempt is known to have kept counts: what a lost attempt did is refunded.
    """
    kept = max((attempt.charged_seconds or 0.0 for attempt in view.self_.status.attempts), default=0.0)
    return max(parse_duration(view.self_.spec.budget) - kept, 1.0)


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
    return checks.check_output(base[0]) or checks.check_storages(storages, config)


def _account(view: ModelView, status: ModelStatus, ledger: Ledger) -> ModelStatus:
    """Charged is what is kept, plus what the running trainer's meter says; after a disruption it falls back."""
    old = view.self_.status
    total = float(parse_duration(view.self_.spec.budget))
    before = old.budget.allocated_seconds if old.budget else 0.0
    allocated = sum_allocated(old.attempts, ledger.attempts, before)
    empty = BudgetStatus(total_seconds=total, allocated_seconds=allocated, remaining_seconds=total)
    return status.model_copy(update={"budget": charge(empty, _find_charged(view, ledger))})


def _find_charged(view: ModelView, ledger: Ledger) -> float:
    open_ = bool(ledger.attempts) and ledger.attempts[-1].outcome is None
    if not open_:
        return ledger.kept_seconds
    report, pod, old = view.self_.report, ledger.pod, view.self_.status.budget
    if report is not None and pod is not None and report.pod_uid == pod.uid:
        return max(report.progress.meter.charged_seconds, ledger.kept_seconds)
    same_pod = pod is not None and view.self_.status.attempts[-1:] and pod.uid == view.self_.status.attempts[-1].pod_uid
    return old.charged_seconds if old is not None and same_pod else ledger.kept_seconds
