"""All reads of a reconcile: from the store to one view per kind, which is all that a decision sees.

Owns the parsing of specs and statuses into the contract's classes. Must not decide, and must not write.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final, TypeVar

import pydantic

from darkroom_api import blockers
from darkroom_api.schema import read_record
from darkroom_api.v1alpha1.dataset import DatasetSpec, DatasetStatus
from darkroom_api.v1alpha1.evaluation import EvaluationSpec, EvaluationStatus
from darkroom_api.v1alpha1.model import ModelSpec, ModelStatus
from darkroom_api.v1alpha1.prediction import PredictionSpec, PredictionStatus
from darkroom_operator.api.resources import Key
from darkroom_operator.facts import belonging
from darkroom_operator.facts.children import ObservedJob, ObservedPod
from darkroom_operator.facts.findings import NOTHING_FOUND, Findings
from darkroom_operator.facts.views import (
    DatasetView,
    EvaluationView,
    ModelUseView,
    ModelView,
    Observed,
    PredictionView,
    Report,
    SpecT,
    StatusT,
    StoredOwner,
)
from darkroom_operator.observing.store import Store

_ParsedT = TypeVar("_ParsedT")
_STATUSES: Final[dict[str, type[Any]]] = {
    "Dataset": DatasetStatus,
    "Model": ModelStatus,
    "Evaluation": EvaluationStatus,
    "Prediction": PredictionStatus,
}


class InvalidSpecError(ValueError):
    """A spec that the contract refuses (written before a rule of the CRD was added); the message names the field."""

    def __init__(self, key: Key, field: str, why: str) -> None:
        super().__init__(f"{key}: {field}: {why}")
        self.key, self.field, self.why = key, field, why

    def describe(self, reader: Key) -> str:
        """Return what to tell at `reader`, which has that spec or names the object that has it."""
        if reader == self.key:
            return f"{self.field}: {self.why}; this version of Darkroom cannot read the spec; fix it and apply it again"
        return f"{self.key.kind.lower()}: {self.key.kind} `{self.key.name}` cannot be read: {self.field}: {self.why}"


@dataclass(frozen=True)
class Polled:
    """What is known of a resource beside the store."""

    now: datetime
    report: Report | None = None
    found: Findings = NOTHING_FOUND


def observe_dataset(store: Store, owner: StoredOwner, polled: Polled) -> DatasetView:
    """Return all that is seen of a Dataset; raises InvalidSpecError."""
    return _observe(store, owner, DatasetSpec, DatasetStatus, replace(polled, report=None))


def observe_model(store: Store, owner: StoredOwner, polled: Polled) -> ModelView:
    """Return all that is seen of a Model; raises InvalidSpecError."""
    seen = _observe(store, owner, ModelSpec, ModelStatus, polled)
    return ModelView(
        self_=seen,
        dataset=find_dataset(store, owner.key.namespace, seen.spec.dataset),
        evaluation_dataset=find_dataset(store, owner.key.namespace, seen.spec.evaluation_dataset),
    )


def observe_evaluation(store: Store, owner: StoredOwner, polled: Polled) -> EvaluationView:
    """Return all that is seen of an Evaluation; raises InvalidSpecError."""
    seen = _observe(store, owner, EvaluationSpec, EvaluationStatus, polled)
    return _observe_use(store, seen, seen.spec.model, seen.spec.dataset)


def observe_prediction(store: Store, owner: StoredOwner, polled: Polled) -> PredictionView:
    """Return all that is seen of a Prediction; raises InvalidSpecError."""
    seen = _observe(store, owner, PredictionSpec, PredictionStatus, polled)
    return _observe_use(store, seen, seen.spec.model, seen.spec.dataset)


def find_dataset(store: Store, namespace: str, name: str | None) -> blockers.ObservedDataset | None:
    """Return a Dataset by name; None where there is none or it is being deleted."""
    owner = store.owner(Key("Dataset", namespace, name)) if name else None
    if owner is None or owner.deleting:
        return None
    spec, status = _parse_spec(DatasetSpec, owner), _parse_status(DatasetStatus, owner)
    return blockers.observe_dataset(owner.key.name, spec, status, owner.generation)


def find_model(store: Store, namespace: str, name: str) -> blockers.ObservedModel | None:
    """Return a Model by name; None where there is none or it is being deleted."""
    owner = store.owner(Key("Model", namespace, name))
    if owner is None or owner.deleting:
        return None
    spec, status = _parse_spec(ModelSpec, owner), _parse_status(ModelStatus, owner)
    return blockers.observe_model(owner.key.name, owner.uid, spec, status)


def observe_status(owner: StoredOwner) -> Any:
    """Return an object's status, whatever its spec."""
    return _parse_status(_STATUSES[owner.key.kind], owner)


@dataclass(frozen=True)
class Children:
    """The Job of an owner's open attempt, and its pods."""

    job: ObservedJob | None = None
    pods: tuple[ObservedPod, ...] = ()


def find_open_children(store: Store, owner: StoredOwner) -> Children:
    """Return what the open attempt has, by the status: nobody else is asked, or listened to."""
    attempt = belonging.find_open(observe_status(owner).attempts)
    if attempt is None or owner.deleting:
        return Children()
    job = belonging.find_job(store.jobs(owner), attempt)
    return Children(job, belonging.find_pods(store.pods(owner), attempt, job))


def _observe_use(
    store: Store, seen: Observed[SpecT, StatusT], model_name: str, dataset_name: str | None
) -> ModelUseView[SpecT, StatusT]:
    namespace = seen.key.namespace
    model = find_model(store, namespace, model_name)
    return ModelUseView(
        self_=seen,
        model=model,
        model_dataset=find_dataset(store, namespace, model.spec.dataset if model else None),
        dataset=find_dataset(store, namespace, dataset_name),
    )


def _observe(
    store: Store,
    owner: StoredOwner,
    spec: type[SpecT],
    status: type[StatusT],
    polled: Polled,
) -> Observed[SpecT, StatusT]:
    return Observed(
        key=owner.key,
        uid=owner.uid,
        resource_version=owner.resource_version,
        generation=owner.generation,
        created_at=owner.created_at,
        spec=_parse_spec(spec, owner),
        status=_parse_status(status, owner),
        jobs=store.jobs(owner),
        pods=store.pods(owner),
        report=polled.report,
        now=polled.now,
        found=polled.found,
        other_runs=store.count_other_runs(owner.key),
    )


def _parse_spec(spec: type[SpecT], owner: StoredOwner) -> SpecT:
    try:
        return _remember(owner, "spec", lambda: spec.model_validate(owner.spec))
    except pydantic.ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        raise InvalidSpecError(owner.key, field or "spec", first["msg"]) from error


def _parse_status(status: type[StatusT], owner: StoredOwner) -> StatusT:
    """What this version does not know or cannot read of a status is left out: another version's can be read."""
    return _remember(owner, "status", lambda: read_record(status, owner.status) or status())


def _remember(owner: StoredOwner, part: str, parse: Callable[[], _ParsedT]) -> _ParsedT:
    """Return what was parsed before of this version of the object; of a run that is over nothing is kept."""
    parsed: _ParsedT = owner.parsed[part] if part in owner.parsed else parse()
    if not owner.over:
        owner.parsed[part] = parsed
    return parsed
