"""All reads of a reconcile: from the store to one frozen value per kind, which is all that a decision sees.

Owns the parsing of specs and statuses into the contract's classes. Must not decide, and must not write.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

import pydantic

from darkroom_api.conditions import DatasetPhase, Reason, RunPhase
from darkroom_api.report import Progress
from darkroom_api.v1alpha1.common import Artifacts
from darkroom_api.v1alpha1.dataset import DatasetSpec, DatasetStatus
from darkroom_api.v1alpha1.evaluation import EvaluationSpec, EvaluationStatus
from darkroom_api.v1alpha1.model import ModelSpec, ModelStatus
from darkroom_operator.children import ObservedJob, ObservedPod, parse_time
from darkroom_operator.resources import Key
from darkroom_operator.store import Store, StoredOwner

SpecT = TypeVar("SpecT", DatasetSpec, ModelSpec, EvaluationSpec)
StatusT = TypeVar("StatusT", DatasetStatus, ModelStatus, EvaluationStatus)


class InvalidSpecError(ValueError):
    """A spec that the contract refuses (written before a rule of the CRD was added); the message names the field."""


@dataclass(frozen=True)
class Report:
    """What a running trainer last answered, and when."""

    pod_uid: str
    progress: Progress
    polled_at: datetime


@dataclass(frozen=True)
class Observed(Generic[SpecT, StatusT]):
    """One resource and everything that belongs to it."""

    key: Key
    uid: str
    resource_version: int
    generation: int
    created_at: datetime | None
    deleting: bool
    spec: SpecT
    status: StatusT
    jobs: tuple[ObservedJob, ...]
    pods: tuple[ObservedPod, ...]
    report: Report | None
    now: datetime


@dataclass(frozen=True)
class ObservedDataset:
    """A Dataset that another resource names."""

    name: str
    spec: DatasetSpec
    phase: DatasetPhase
    reason: Reason | None
    message: str
    current: bool
    """Whether the status is about the present spec."""
    revision: str | None

    @property
    def ready(self) -> bool:
        """Return whether one may train on it."""
        return self.current and self.phase is DatasetPhase.READY


@dataclass(frozen=True)
class ObservedModelRef:
    """A Model that an Evaluation names."""

    name: str
    uid: str
    spec: ModelSpec
    phase: RunPhase
    reason: Reason | None
    message: str
    artifacts: Artifacts | None


@dataclass(frozen=True)
class ModelView:
    """All that is seen of a Model."""

    self_: Observed[ModelSpec, ModelStatus]
    dataset: ObservedDataset | None
    evaluation_dataset: ObservedDataset | None


@dataclass(frozen=True)
class EvaluationView:
    """All that is seen of an Evaluation."""

    self_: Observed[EvaluationSpec, EvaluationStatus]
    model: ObservedModelRef | None
    model_dataset: ObservedDataset | None
    dataset: ObservedDataset | None


DatasetView = Observed[DatasetSpec, DatasetStatus]


def observe_dataset(store: Store, owner: StoredOwner, now: datetime) -> DatasetView:
    """Return all that is seen of a Dataset; raises InvalidSpecError."""
    return _observe(store, owner, DatasetSpec, DatasetStatus, None, now)


def observe_model(store: Store, owner: StoredOwner, report: Report | None, now: datetime) -> ModelView:
    """Return all that is seen of a Model; raises InvalidSpecError."""
    seen = _observe(store, owner, ModelSpec, ModelStatus, report, now)
    return ModelView(
        self_=seen,
        dataset=find_dataset(store, owner.key.namespace, seen.spec.dataset),
        evaluation_dataset=find_dataset(store, owner.key.namespace, seen.spec.evaluation_dataset),
    )


def observe_evaluation(store: Store, owner: StoredOwner, report: Report | None, now: datetime) -> EvaluationView:
    """Return all that is seen of an Evaluation; raises InvalidSpecError."""
    seen = _observe(store, owner, EvaluationSpec, EvaluationStatus, report, now)
    model = find_model(store, owner.key.namespace, seen.spec.model)
    return EvaluationView(
        self_=seen,
        model=model,
        model_dataset=find_dataset(store, owner.key.namespace, model.spec.dataset if model else None),
        dataset=find_dataset(store, owner.key.namespace, seen.spec.dataset),
    )


def find_dataset(store: Store, namespace: str, name: str | None) -> ObservedDataset | None:
    """Return a Dataset by name; None where there is none or it is being deleted."""
    owner = store.owner(Key("Dataset", namespace, name)) if name else None
    if owner is None or owner.deleting:
        return None
    status = _parse_status(DatasetStatus, owner.status)
    return ObservedDataset(
        name=owner.key.name,
        spec=_parse_spec(DatasetSpec, owner),
        phase=status.phase,
        reason=status.reason,
        message=status.message or "",
        current=status.observed_generation == owner.generation,
        revision=status.summary.revision if status.summary else None,
    )


def find_model(store: Store, namespace: str, name: str) -> ObservedModelRef | None:
    """Return a Model by name; None where there is none or it is being deleted."""
    owner = store.owner(Key("Model", namespace, name))
    if owner is None or owner.deleting:
        return None
    status = _parse_status(ModelStatus, owner.status)
    return ObservedModelRef(
        name=owner.key.name,
        uid=owner.uid,
        spec=_parse_spec(ModelSpec, owner),
        phase=status.phase,
        reason=status.reason,
        message=status.message or "",
        artifacts=status.artifacts,
    )


def _observe(
    store: Store,
    owner: StoredOwner,
    spec: type[SpecT],
    status: type[StatusT],
    report: Report | None,
    now: datetime,
) -> Observed[SpecT, StatusT]:
    return Observed(
        key=owner.key,
        uid=owner.uid,
        resource_version=owner.resource_version,
        generation=owner.generation,
        created_at=parse_time(owner.created_at),
        deleting=owner.deleting,
        spec=_parse_spec(spec, owner),
        status=_parse_status(status, owner.status),
        jobs=store.jobs(owner.uid),
        pods=store.pods(owner.uid),
        report=report,
        now=now,
    )


def _parse_spec(spec: type[SpecT], owner: StoredOwner) -> SpecT:
    try:
        return spec.model_validate(owner.spec)
    except pydantic.ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        raise InvalidSpecError(f"{owner.key}: {field or 'spec'}: {first['msg']}") from error


def _parse_status(status: type[StatusT], raw: dict[str, Any]) -> StatusT:
    """Fields that this version does not know are left out, so that a newer operator's status can be read."""
    known = {field.alias or name for name, field in status.model_fields.items()}
    return status.model_validate({key: value for key, value in raw.items() if key in known})
