"""What to do about an Evaluation: it waits for its Model and its Dataset, then is a run without a budget.

The way through the attempts is in `run`. A finished Evaluation keeps its result when the Model goes.
"""

from darkroom_api.conditions import Reason, RunPhase
from darkroom_api.v1alpha1.common import Allocation
from darkroom_api.v1alpha1.evaluation import EvaluationSpec, EvaluationStatus
from darkroom_operator.config import OperatorConfig
from darkroom_operator.decide import checks, run
from darkroom_operator.decide.allocation import EVALUATION_LIMIT_SECONDS, allocate_time
from darkroom_operator.decide.attempts import Ledger
from darkroom_operator.decide.decision import Decision, Problem
from darkroom_operator.decide.rules import RunRules, describe_memory
from darkroom_operator.facts.views import EvaluationView
from darkroom_operator.manifests.locations import OutputBase, find_output_base


def decide_evaluation(view: EvaluationView, config: OperatorConfig) -> Decision[EvaluationStatus]:
    """Return the status of an Evaluation and what to start or stop."""
    rules = RunRules[EvaluationSpec, EvaluationStatus](
        working_phase=RunPhase.EVALUATING,
        working_reason=Reason.EVALUATING,
        working_message="The model is being measured.",
        find_blocker=lambda: find_blocker(view, config),
        allocate=lambda _: allocate(view, config),
        memory=describe_memory(view.self_.spec.compute, config),
        suspend=False,
        cancel=False,
        account=_keep,
    )
    return run.decide_run(view.self_, rules, config)


def allocate(view: EvaluationView, config: OperatorConfig) -> Allocation:
    """Return what the next attempt is given."""
    images = view.dataset.images if view.dataset is not None else None
    return allocate_time(view.self_.spec.compute, images, EVALUATION_LIMIT_SECONDS, config)


def find_blocker(view: EvaluationView, config: OperatorConfig) -> Problem | None:
    """Return the first thing that keeps the next attempt from starting."""
    spec = view.self_.spec
    problem = checks.check_compute(spec.compute, config) or _check_model(view)
    if problem is not None or view.model is None:
        return problem
    task = view.model.spec.task
    problem = checks.check_dataset(spec.dataset, view.dataset, task, "dataset", view.self_.key.namespace)
    return problem or _check_places(view, config)


def find_places(view: EvaluationView, config: OperatorConfig) -> OutputBase | None:
    """Return the folder of the Model's outputs and its storage.

    The Model knows where it is; how to get in is said by its output, the installation, or its Dataset (else by the
    Evaluation's own, when that Dataset is gone).
    """
    model, own = view.model, view.dataset
    if model is None or own is None or model.artifacts is None:
        return None
    dataset = view.model_dataset.spec if view.model_dataset is not None else own.spec
    base = find_output_base(model.spec.output, dataset, config.output, view.self_.key.namespace)
    folder = model.artifacts.uri.rstrip("/").rpartition("/models/")[0]
    return (folder or base[0], base[1]) if base is not None else None


def _check_model(view: EvaluationView) -> Problem | None:
    name, model, namespace = view.self_.spec.model, view.model, view.self_.key.namespace
    if model is None:
        message = f"model: Model `{name}` does not exist in namespace `{namespace}`; apply it, and this run goes on."
        return Problem(Reason.WAITING_FOR_MODEL, message)
    if model.phase in (RunPhase.FAILED, RunPhase.CANCELLED):
        failed = model.phase is RunPhase.FAILED
        reason = (model.reason if failed else Reason.CANCELLED) or Reason.UNKNOWN
        return Problem(reason, f"model: Model `{name}` is {model.phase}: {model.message}")
    if model.phase is not RunPhase.SUCCEEDED:
        why = f" ({model.reason}: {model.message})" if model.reason else "."
        return Problem(Reason.WAITING_FOR_MODEL, f"model: Model `{name}` is {model.phase}{why}")
    if model.artifacts is None:
        return Problem(Reason.UNKNOWN, f"model: Model `{name}` succeeded, but its status names no artifacts.")
    return None


def _check_places(view: EvaluationView, config: OperatorConfig) -> Problem | None:
    base, dataset = find_places(view, config), view.dataset
    assert dataset is not None
    if base is None:
        return Problem(Reason.INVALID_CONFIGURATION, checks.NO_OUTPUT)
    storages = (("dataset: storage", dataset.spec.storage), ("model: output.storage", base[1]))
    return checks.check_storages(storages, config)


def _keep(status: EvaluationStatus, _ledger: Ledger) -> EvaluationStatus:
    return status
