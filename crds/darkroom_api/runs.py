"""The RunConfig of each kind of run, from specs: what an operator and `darkroom run` fill in alike.

Owns which field of a spec becomes which field of a RunConfig. Must not know where outputs go, nor how a bucket is
reached: both are given.
"""

from darkroom_api.durations import parse_duration
from darkroom_api.endpoints import Reach
from darkroom_api.run_config import (
    Command,
    DatasetSource,
    Location,
    PictureFolder,
    PredictionOrder,
    ResourceReference,
    RunConfig,
    StorageAccess,
    Weights,
)
from darkroom_api.v1alpha1.common import TASK_ANNOTATIONS, SourceStorage, Storage
from darkroom_api.v1alpha1.dataset import AnnotationFormat, DatasetSpec, Split
from darkroom_api.v1alpha1.model import ModelSpec
from darkroom_api.v1alpha1.prediction import DEFAULT_FORMATS, PredictionSpec


def build_reference(kind: str, namespace: str, name: str, uid: str) -> ResourceReference:
    """Return the resource that a run works for."""
    return ResourceReference.model_validate({"kind": kind, "namespace": namespace, "name": name, "uid": uid})


def build_access(
    storage: Storage | None, reach: Reach, credentials_dir: str | None = None, volume_dir: str | None = None
) -> StorageAccess:
    """Return how a trainer reaches a storage; its ServiceAccount's identity is used where the storage names one.

    `volume_dir` is where its claim is mounted, where it names one and the trainer reads it.
    """
    if storage is None:
        return StorageAccess(reach=reach)
    return StorageAccess(
        endpoint=storage.endpoint,
        region=storage.region,
        credentials_dir=credentials_dir,
        service_account=storage.service_account_name is not None,
        volume_claim=find_claim(storage) if volume_dir is not None else None,
        volume_dir=volume_dir,
        reach=reach,
    )


def find_claim(storage: Storage | None) -> str | None:
    """Return the claim that a storage names; one that is written to names none."""
    return storage.volume_claim if isinstance(storage, SourceStorage) else None


def build_source(name: str, spec: DatasetSpec, storage: StorageAccess, revision: str | None = None) -> DatasetSource:
    """Return a Dataset, ready to read."""
    return DatasetSource(
        name=name,
        annotation_kind=spec.annotation_kind,
        annotation_files=spec.annotation_files,
        format=spec.format or AnnotationFormat.COCO,
        splits=spec.splits or (Split.TRAIN,),
        image_root=spec.image_root,
        url_mappings=spec.url_mappings or (),
        storage=storage,
        revision=revision,
    )


def build_missing_source(model: ModelSpec) -> DatasetSource:
    """Return the Dataset that a Model was trained on where there is none any more: it lists no image."""
    return DatasetSource(name=model.dataset, annotation_kind=TASK_ANNOTATIONS[model.task], annotation_files=())


def build_inspection(
    resource: ResourceReference, dataset: DatasetSource, output: Location | None, attempt: int = 1
) -> RunConfig:
    """Return the run that inspects a Dataset."""
    return RunConfig(command=Command.INSPECT, resource=resource, attempt=attempt, dataset=dataset, output=output)


def build_training(
    resource: ResourceReference,
    spec: ModelSpec,
    dataset: DatasetSource,
    evaluation_dataset: DatasetSource | None,
    output: Location,
    weights: Weights,
    pictures: PictureFolder | None = None,
) -> RunConfig:
    """Return the first attempt at training a Model, on one reference device."""
    return RunConfig(
        command=Command.TRAIN,
        resource=resource,
        dataset=dataset,
        evaluation_dataset=evaluation_dataset,
        task=spec.task,
        budget_seconds=float(parse_duration(spec.budget)),
        seed=spec.seed or 0,
        backbone=spec.backbone,
        weights=weights,
        pictures=pictures,
        output=output,
    )


def build_evaluation(
    resource: ResourceReference, measured: ModelSpec, dataset: DatasetSource, model: Location, output: Location
) -> RunConfig:
    """Return the first attempt at measuring a Model, whose files are at `model`, on one reference device."""
    return RunConfig(
        command=Command.EVALUATE, resource=resource, dataset=dataset, task=measured.task, model=model, output=output
    )


def build_prediction(
    resource: ResourceReference,
    spec: PredictionSpec,
    answering: ModelSpec,
    dataset: DatasetSource,
    model: Location,
    images: Location | None,
    output: Location,
) -> RunConfig:
    """Return the first attempt at answering images with a Model, whose files are at `model`, on one reference device.

    `dataset` is the one to answer, or with `images` the one that the Model was trained on.
    """
    order = PredictionOrder(images=images, threshold=spec.threshold, write=spec.write or DEFAULT_FORMATS)
    return RunConfig(
        command=Command.PREDICT,
        resource=resource,
        dataset=dataset,
        task=answering.task,
        model=model,
        prediction=order,
        output=output,
    )
