"""All reads of a reconcile: from the store to one view per kind, which is all that a decision sees.

Owns the parsing of specs and statuses into the contract's classes. Must not decide, and must not write.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import pydantic

from darkroom_api import blockers
from darkroom_api.v1alpha1.dataset import DatasetSpec, DatasetStatus
from darkroom_api.v1alpha1.evaluation import EvaluationSpec, EvaluationStatus
from darkroom_api.v1alpha1.model import ModelSpec, ModelStatus
from darkroom_operator.api.resources import Key
from darkroom_operator.facts.children import parse_time
from darkroom_operator.facts.findings import NOTHING_FOUND, Findings
from darkroom_operator.facts.views import (
    DatasetView,
    EvaluationView,
    ModelView,
    Observed,
    Report,
    SpecT,
    StatusT,
)
from darkroom_operator.observing.store import Store, StoredOwner


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
    model = find_model(store, owner.key.namespace, seen.spec.model)
    return EvaluationView(
        self_=seen,
        model=model,
        model_dataset=find_dataset(store, owner.key.namespace, model.spec.dataset if model else None),
        dataset=find_dataset(store, owner.key.namespace, seen.spec.dataset),
    )


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
    kinds: dict[str, type[Any]] = {"Dataset": DatasetStatus, "Model": ModelStatus, "Evaluation": EvaluationStatus}
    return _parse_status(kinds[owner.key.kind], owner)


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
        created_at=parse_time(owner.created_at),
        deleting=owner.deleting,
        spec=_parse_spec(spec, owner),
        status=_parse_status(status, owner),
        jobs=store.jobs(owner.uid),
        pods=store.pods(owner.uid),
        report=polled.report,
        now=polled.now,
        found=polled.found,
        other_runs=store.count_other_runs(owner.key),
    )


def _parse_spec(spec: type[SpecT], owner: StoredOwner) -> SpecT:
    try:
        if "spec" not in owner.parsed:
            owner.parsed["spec"] = spec.model_validate(owner.spec)
    except pydantic.ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        raise InvalidSpecError(owner.key, field or "spec", first["msg"]) from error
    parsed: SpecT = owner.parsed["spec"]
    return parsed


def _parse_status(status: type[StatusT], owner: StoredOwner) -> StatusT:
    """Fields that this version does not know are left out, so that a newer operator's status can be read."""
    if "status" not in owner.parsed:
        known = {field.alias or name for name, field in status.model_fields.items()}
        owner.parsed["status"] = status.model_validate({k: v for k, v in owner.status.items() if k in known})
    parsed: StatusT = owner.parsed["status"]
    return parsed
