"""What a trainer pod is told: RunConfig from specs, and which Secret is mounted for which role.

Owns the translation; a `Plan` is all that `job` needs to know of it.
"""

from dataclasses import dataclass

from darkroom_api import names
from darkroom_api.durations import parse_duration
from darkroom_api.run_config import (
    Command,
    DatasetSource,
    Location,
    ResourceReference,
    RunConfig,
    StorageAccess,
    StorageRole,
    Weights,
)
from darkroom_api.v1alpha1.common import Allocation, Storage
from darkroom_api.v1alpha1.evaluation import EvaluationStatus
from darkroom_api.v1alpha1.model import ModelStatus
from darkroom_operator.config import ComputeClass, OperatorConfig, WeightsConfig
from darkroom_operator.decide.allocation import (
    INSPECTION_LIMIT_SECONDS,
    bound_seconds,
    find_batch_divisor,
    find_class,
)
from darkroom_operator.decide.evaluation import find_places
from darkroom_operator.facts.views import (
    DatasetView,
    EvaluationView,
    ModelView,
    Observed,
    ObservedDataset,
    SpecT,
    StatusT,
)
from darkroom_operator.manifests.locations import find_output_base, join_artifact_folder


@dataclass(frozen=True)
class Plan:
    """One attempt, ready to be made into a Job."""

    run: RunConfig
    generation: int
    compute: ComputeClass | None
    """None for an inspection, which has a shape of its own and no device."""
    allocation: Allocation | None
    deadline_seconds: int
    """Wall-clock time that the container may work before it is ended."""
    storages: tuple[tuple[StorageRole, Storage | None], ...]
    queue: str | None = None
    priority_class_name: str | None = None


def plan_inspection(seen: DatasetView, attempt: int, config: OperatorConfig) -> Plan:
    """Return the plan of a Dataset's inspection. Without a bucket to write to, the report stays in the status."""
    spec = seen.spec
    base = find_output_base(None, spec, config.output, seen.key.namespace)
    storages: list[tuple[StorageRole, Storage | None]] = [(StorageRole.DATASET, spec.storage)]
    output = None
    if base is not None and base[0].startswith("s3://"):
        storages.append((StorageRole.OUTPUT, base[1]))
        output = _locate(join_artifact_folder(base[0], "Dataset", seen.key.name, seen.uid), StorageRole.OUTPUT, base[1])
    source = DatasetSource(
        name=seen.key.name,
        annotation_kind=spec.annotation_kind,
        annotation_files=spec.annotation_files,
        image_root=spec.image_root,
        url_mappings=spec.url_mappings or (),
        storage=_build_image_access(StorageRole.DATASET, spec.storage, config),
    )
    run = RunConfig(
        command=Command.INSPECT, resource=_refer(seen, "Dataset"), attempt=attempt, dataset=source, output=output
    )
    deadline = bound_seconds(INSPECTION_LIMIT_SECONDS, config)
    return Plan(run, seen.generation, None, None, deadline, tuple(storages))


def plan_training(view: ModelView, decided: ModelStatus, config: OperatorConfig) -> Plan:
    """Return the plan of the attempt that `decided`, the status of the decision to start it, has opened."""
    seen, dataset, other, given = view.self_, view.dataset, view.evaluation_dataset, decided.allocation
    assert dataset is not None
    assert given is not None
    spec, attempt = seen.spec, decided.attempts[-1]
    base = find_output_base(spec.output, dataset.spec, config.output, seen.key.namespace)
    assert base is not None
    storages = [(StorageRole.DATASET, dataset.spec.storage), (StorageRole.OUTPUT, base[1])]
    if other is not None:
        storages.append((StorageRole.EVALUATION, other.spec.storage))
    if config.trainer.weights.uri is not None:
        storages.append((StorageRole.WEIGHTS, config.trainer.weights.storage))
    run = RunConfig(
        command=Command.TRAIN,
        resource=_refer(seen, "Model"),
        attempt=attempt.number,
        dataset=_build_source(dataset, StorageRole.DATASET, config),
        evaluation_dataset=_build_source(other, StorageRole.EVALUATION, config) if other is not None else None,
        task=spec.task,
        budget_seconds=float(parse_duration(spec.budget)),
        devices=given.devices,
        milli_rate=given.milli_rate,
        seed=spec.seed or 0,
        backbone=spec.backbone,
        weights=_build_weights(config.trainer.weights),
        batch_divisor=find_batch_divisor(decided.attempts),
        publish_only=bool(attempt.publish_only),
        allocated_seconds=decided.budget.allocated_seconds if decided.budget else 0.0,
        output=_locate(join_artifact_folder(base[0], "Model", seen.key.name, seen.uid), StorageRole.OUTPUT, base[1]),
    )
    compute, deadline = find_class(spec.compute, config)[1], given.deadline_seconds
    return Plan(run, seen.generation, compute, given, deadline, tuple(storages), spec.queue, spec.priority_class_name)


def plan_evaluation(view: EvaluationView, decided: EvaluationStatus, config: OperatorConfig) -> Plan:
    """Return the plan of the attempt that `decided`, the status of the decision to start it, has opened."""
    seen, dataset, model = view.self_, view.dataset, view.model
    base, given = find_places(view, config), decided.allocation
    assert given is not None
    assert dataset is not None
    assert model is not None
    assert model.artifacts is not None
    assert base is not None
    folder = join_artifact_folder(base[0], "Evaluation", seen.key.name, seen.uid)
    run = RunConfig(
        command=Command.EVALUATE,
        resource=_refer(seen, "Evaluation"),
        attempt=decided.attempts[-1].number,
        dataset=_build_source(dataset, StorageRole.DATASET, config),
        task=model.spec.task,
        devices=given.devices,
        milli_rate=given.milli_rate,
        batch_divisor=find_batch_divisor(decided.attempts),
        model=_locate(model.artifacts.uri, StorageRole.MODEL, base[1]),
        output=_locate(folder, StorageRole.OUTPUT, base[1]),
    )
    storages = (
        (StorageRole.DATASET, dataset.spec.storage),
        (StorageRole.MODEL, base[1]),
        (StorageRole.OUTPUT, base[1]),
    )
    compute = find_class(seen.spec.compute, config)[1]
    return Plan(run, seen.generation, compute, given, given.deadline_seconds, storages)


def build_access(role: StorageRole, storage: Storage | None) -> StorageAccess:
    """Return how the trainer reaches a storage: a folder with credentials where a Secret is named."""
    if storage is None:
        return StorageAccess()
    has_secret = storage.credentials_secret is not None
    return StorageAccess(
        endpoint=storage.endpoint,
        region=storage.region,
        credentials_dir=f"{names.CREDENTIALS_DIR}/{role.value}" if has_secret else None,
    )


def _build_weights(weights: WeightsConfig) -> Weights:
    location = _locate(weights.uri, StorageRole.WEIGHTS, weights.storage) if weights.uri is not None else None
    return Weights(location=location, hub=weights.hub)


def _refer(seen: Observed[SpecT, StatusT], kind: str) -> ResourceReference:
    return ResourceReference.model_validate(
        {"kind": kind, "namespace": seen.key.namespace, "name": seen.key.name, "uid": seen.uid}
    )


def _build_image_access(role: StorageRole, storage: Storage | None, config: OperatorConfig) -> StorageAccess:
    """Return how a Dataset is reached: its images may come from hosts that only the administrator can allow."""
    return build_access(role, storage).model_copy(update={"image_hosts": config.trainer.allowed_image_hosts})


def _build_source(dataset: ObservedDataset, role: StorageRole, config: OperatorConfig) -> DatasetSource:
    spec = dataset.spec
    return DatasetSource(
        name=dataset.name,
        annotation_kind=spec.annotation_kind,
        annotation_files=spec.annotation_files,
        image_root=spec.image_root,
        url_mappings=spec.url_mappings or (),
        storage=_build_image_access(role, spec.storage, config),
        revision=dataset.revision,
    )


def _locate(uri: str, role: StorageRole, storage: Storage | None) -> Location:
    return Location(uri=uri, storage=build_access(role, storage))
