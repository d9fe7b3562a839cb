"""What a trainer pod is told: RunConfig from specs, and which Secret and claim is mounted for which role.

Owns where a pod finds what; a `Plan` is all that `job` needs to know of it.
"""

from dataclasses import dataclass
from typing import Any, Final

from darkroom_api import names, runs
from darkroom_api.blockers import ObservedDataset
from darkroom_api.run_config import (
    DatasetSource,
    Location,
    NodesOrder,
    PictureFolder,
    ResourceReference,
    RunConfig,
    StorageAccess,
    StorageRole,
    Weights,
)
from darkroom_api.v1alpha1.common import Allocation, Attempt, Storage
from darkroom_api.v1alpha1.dataset import DatasetStatus
from darkroom_api.v1alpha1.model import ModelStatus
from darkroom_api.v1alpha1.run_status import RunStatus
from darkroom_operator.config import ComputeClass, OperatorConfig
from darkroom_operator.decide.allocation import (
    bound_seconds,
    choose_hardware,
    find_batch_divisor,
    find_kept_seconds,
    limit_inspection,
)
from darkroom_operator.decide.places import find_labels, find_output_base, find_places
from darkroom_operator.facts.views import (
    DatasetView,
    EvaluationView,
    ModelUseView,
    ModelView,
    Observed,
    PredictionView,
    SpecT,
    StatusT,
)

_FROM_VOLUMES: Final = frozenset({StorageRole.DATASET, StorageRole.EVALUATION, StorageRole.IMAGES})


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


def plan_inspection(seen: DatasetView, decided: DatasetStatus, config: OperatorConfig) -> Plan:
    """Return the plan of a Dataset's inspection. Without a bucket to write to, the report stays in the status."""
    spec = seen.spec
    base = find_output_base(None, spec, config.output, seen.key.namespace)
    storages: list[tuple[StorageRole, Storage | None]] = [(StorageRole.DATASET, spec.storage)]
    output = None
    if base is not None and base[0].startswith(names.BUCKET_SCHEMES):
        storages.append((StorageRole.OUTPUT, base[1]))
        output = _locate(_join_folder(base[0], seen), StorageRole.OUTPUT, base[1], config)
    source = runs.build_source(seen.key.name, spec, _reach(StorageRole.DATASET, spec.storage, config))
    run = runs.build_inspection(_refer(seen), source, output, decided.attempts[-1].number)
    deadline = bound_seconds(limit_inspection(seen.key.namespace, config).seconds, config.grace_seconds)
    queue = config.find_queue(seen.key.namespace, spec.queue)
    return Plan(run, seen.generation, None, None, deadline, tuple(storages), queue)


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
    run = runs.build_training(
        _refer(seen),
        spec,
        _build_source(dataset, StorageRole.DATASET, config),
        _build_source(other, StorageRole.EVALUATION, config) if other is not None else None,
        _locate(_join_folder(base[0], seen), StorageRole.OUTPUT, base[1], config),
        _build_weights(config),
        _find_pictures(base, config),
    )
    held = decided.budget.allocated_seconds if decided.budget else 0.0
    run = _give(run, decided, given).model_copy(
        update={
            "publish_only": bool(attempt.publish_only),
            "allocated_seconds": held,
            "charged_seconds": find_kept_seconds(decided.attempts),
        }
    )
    compute, deadline = choose_hardware(spec.compute, None, config).compute, given.deadline_seconds
    queue = config.find_queue(seen.key.namespace, spec.queue)
    return Plan(run, seen.generation, compute, given, deadline, tuple(storages), queue, spec.priority_class_name)


def plan_evaluation(view: EvaluationView, decided: RunStatus, config: OperatorConfig) -> Plan:
    """Return the plan of the attempt that `decided`, the status of the decision to start it, has opened."""
    dataset, model = view.dataset, view.model
    assert dataset is not None
    assert model is not None
    source, (files, output) = _build_source(dataset, StorageRole.DATASET, config), _locate_use(view, config)
    run = runs.build_evaluation(_refer(view.self_), model.spec, source, files, output)
    return _plan_use(view, run, decided, config, ((StorageRole.DATASET, dataset.spec.storage),))


def plan_prediction(view: PredictionView, decided: RunStatus, config: OperatorConfig) -> Plan:
    """Return the plan of the attempt that `decided`, the status of the decision to start it, has opened."""
    spec, model, labels = view.self_.spec, view.model, find_labels(view)
    assert model is not None
    storages: list[tuple[StorageRole, Storage | None]] = []
    source, images = runs.build_missing_source(model.spec), None
    if labels is not None:
        storages.append((StorageRole.DATASET, labels.spec.storage))
        source = _build_source(labels, StorageRole.DATASET, config)
    if spec.images is not None:
        storages.append((StorageRole.IMAGES, spec.images.storage))
        images = _locate(spec.images.uri, StorageRole.IMAGES, spec.images.storage, config)
    files, output = _locate_use(view, config)
    run = runs.build_prediction(_refer(view.self_), spec, model.spec, source, files, images, output)
    return _plan_use(view, run, decided, config, tuple(storages))


def _locate_use(view: ModelUseView[Any, Any], config: OperatorConfig) -> tuple[Location, Location]:
    """Return where the files of the Model are that a run uses, and the folder of the run's own."""
    (base, storage), model = find_places(view, config), view.model
    assert model is not None
    assert model.artifacts is not None
    files = _locate(model.artifacts.uri, StorageRole.MODEL, storage, config)
    return files, _locate(_join_folder(base, view.self_), StorageRole.OUTPUT, storage, config)


def _plan_use(
    view: ModelUseView[Any, Any],
    run: RunConfig,
    decided: RunStatus,
    config: OperatorConfig,
    storages: tuple[tuple[StorageRole, Storage | None], ...],
) -> Plan:
    """Return the plan of a run that uses a Model; `storages` are those that it reads beside the Model's."""
    seen, given, (_, storage) = view.self_, decided.allocation, find_places(view, config)
    assert given is not None
    storages = (*storages, (StorageRole.MODEL, storage), (StorageRole.OUTPUT, storage))
    compute = choose_hardware(seen.spec.compute, None, config).compute
    queue = config.find_queue(seen.key.namespace, seen.spec.queue)
    return Plan(_give(run, decided, given), seen.generation, compute, given, given.deadline_seconds, storages, queue)


def _give(run: RunConfig, decided: RunStatus, given: Allocation) -> RunConfig:
    """Return the run with the number of its attempt and the hardware that it is given."""
    return run.model_copy(
        update={
            "attempt": decided.attempts[-1].number,
            "devices": given.devices,
            "nodes": _gather(decided.attempts[-1], run.resource, given),
            "milli_rate": given.milli_rate,
            "batch_divisor": find_batch_divisor(decided.attempts),
        }
    )


def _gather(attempt: Attempt, owner: ResourceReference, given: Allocation) -> NodesOrder | None:
    """Return how the pods of an attempt find each other; None where there is one."""
    if given.nodes is None:
        return None
    host = f"{attempt.job}-0.{names.nodes_service(owner.uid, attempt.number)}"
    return NodesOrder(count=given.nodes, least=given.min_nodes or given.nodes, address=host)


def _reach(role: StorageRole, storage: Storage | None, config: OperatorConfig) -> StorageAccess:
    """Return how the trainer reaches a storage: a folder with credentials where a Secret is named."""
    has_secret = storage is not None and storage.credentials_secret is not None
    return runs.build_access(
        storage,
        config.reach,
        f"{names.CREDENTIALS_DIR}/{role.value}" if has_secret else None,
        f"{names.VOLUMES_DIR}/{role.value}" if find_claim(role, storage) is not None else None,
    )


def find_claim(role: StorageRole, storage: Storage | None) -> str | None:
    """Return the claim that is mounted for a role: an output that has the storage of its Dataset is in no volume."""
    return runs.find_claim(storage) if role in _FROM_VOLUMES else None


def _locate(uri: str, role: StorageRole, storage: Storage | None, config: OperatorConfig) -> Location:
    return Location(uri=uri, storage=_reach(role, storage, config))


def _join_folder(base: str, seen: Observed[SpecT, StatusT]) -> str:
    """Return the folder of one resource below `base`."""
    return f"{base}/{names.artifact_folder(seen.key.kind, seen.key.name, seen.uid)}"


def _refer(seen: Observed[SpecT, StatusT]) -> ResourceReference:
    return runs.build_reference(seen.key.kind, seen.key.namespace, seen.key.name, seen.uid)


def _build_weights(config: OperatorConfig) -> Weights:
    weights = config.trainer.weights
    location = _locate(weights.uri, StorageRole.WEIGHTS, weights.storage, config) if weights.uri is not None else None
    reach = {"reach": config.reach} if weights.hub else {}
    return Weights(location=location, hub=weights.hub, embedded=config.trainer.embedded_weights, **reach)


def _find_pictures(base: tuple[str, Storage | None], config: OperatorConfig) -> PictureFolder | None:
    """Return where decoded images are kept: beside the folders of the resources whose outputs go to the same place."""
    if config.trainer.picture_cache_mebibytes == 0:
        return None
    return PictureFolder(
        uri=f"{base[0]}/{names.PICTURES_FOLDER}",
        storage=_reach(StorageRole.OUTPUT, base[1], config),
        most_bytes=config.trainer.picture_cache_mebibytes << 20,
    )


def _build_source(dataset: ObservedDataset, role: StorageRole, config: OperatorConfig) -> DatasetSource:
    spec = dataset.spec
    return runs.build_source(dataset.name, spec, _reach(role, spec.storage, config), dataset.revision)
