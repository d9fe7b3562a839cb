"""From a resource and those it names to the RunConfig of a run on this machine: what an operator does on a cluster.

Owns how `file:` URIs and outputs are resolved. Pure. Must not do: touch the disk.
Credentials are the ambient ones of the AWS_* environment; Secrets and ServiceAccounts are a cluster's.
"""

import pathlib
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
    Weights,
)
from darkroom_api.v1alpha1.common import Artifacts, Storage
from darkroom_api.v1alpha1.dataset import DatasetSpec, UrlMapping
from darkroom_api.v1alpha1.model import ModelSpec
from darkroom_trainer.local.manifests import Manifest
from darkroom_trainer.storage.local_files import resolve_uri, to_uri
from darkroom_trainer.storage.objects import join_uri


@dataclass(frozen=True)
class Target:
    """A resource with the uid that this run gave it, and the folder below which local artifacts go."""

    manifest: Manifest
    uid: str
    output: pathlib.Path
    weights: pathlib.Path | None = None
    """Folder with pretrained backbones."""

    @property
    def reference(self) -> ResourceReference:
        """Return the resource as a RunConfig names it."""
        kind = self.manifest.kind.name
        return ResourceReference.model_validate(
            {"kind": kind, "namespace": self.manifest.namespace, "name": self.manifest.name, "uid": self.uid}
        )


def build_inspect_config(target: Target) -> RunConfig:
    """Return the run that inspects a Dataset."""
    return RunConfig(
        command=Command.INSPECT,
        resource=target.reference,
        dataset=build_source(target.manifest, None),
        output=Location(uri=_local_folder(target)),
    )


def build_train_config(target: Target, dataset: DatasetSource, evaluation_dataset: DatasetSource | None) -> RunConfig:
    """Return the run that trains a Model, on the one device that this process has."""
    spec = _model_spec(target.manifest)
    return RunConfig(
        command=Command.TRAIN,
        resource=target.reference,
        dataset=dataset,
        evaluation_dataset=evaluation_dataset,
        task=spec.task,
        budget_seconds=parse_duration(spec.budget),
        seed=spec.seed or 0,
        backbone=spec.backbone,
        weights=_build_weights(target.weights),
        output=_build_output(target, spec, dataset),
    )


def build_evaluate_config(
    target: Target, dataset: DatasetSource, model: Manifest, model_dataset: DatasetSource, artifacts: Artifacts
) -> RunConfig:
    """Return the run that measures the Model whose files are `artifacts`."""
    spec = _model_spec(model)
    return RunConfig(
        command=Command.EVALUATE,
        resource=target.reference,
        dataset=dataset,
        task=spec.task,
        model=Location(uri=artifacts.uri, storage=_output_access(spec, model_dataset)),
        output=Location(uri=_local_folder(target)),
    )


def _build_weights(folder: pathlib.Path | None) -> Weights:
    return Weights(location=Location(uri=to_uri(folder))) if folder is not None else Weights()


def _build_output(target: Target, spec: ModelSpec, dataset: DatasetSource) -> Location:
    if spec.output is None:
        return Location(uri=_local_folder(target))
    folder = names.artifact_folder("model", target.manifest.name, target.uid)
    base = resolve_uri(spec.output.uri, target.manifest.folder)
    return Location(uri=join_uri(base, folder), storage=_output_access(spec, dataset))


def _output_access(spec: ModelSpec, dataset: DatasetSource) -> StorageAccess:
    if spec.output is None:
        return StorageAccess()
    return _build_access(spec.output.storage) if spec.output.storage is not None else dataset.storage


def _local_folder(target: Target) -> str:
    manifest = target.manifest
    base = target.output / "artifacts"
    if manifest.namespace != "default":
        base = base / manifest.namespace
    return to_uri(base / f"{manifest.kind.name.lower()}-{manifest.name}")


def build_source(manifest: Manifest, revision: str | None) -> DatasetSource:
    """Return a Dataset, ready to read."""
    spec = manifest.spec
    assert isinstance(spec, DatasetSpec)
    root = spec.image_root
    return DatasetSource(
        name=manifest.name,
        annotation_kind=spec.annotation_kind,
        annotation_files=tuple(resolve_uri(uri, manifest.folder) for uri in spec.annotation_files),
        image_root=resolve_uri(root, manifest.folder) if root is not None else None,
        url_mappings=tuple(
            UrlMapping(from_prefix=mapping.from_prefix, to_prefix=resolve_uri(mapping.to_prefix, manifest.folder))
            for mapping in spec.url_mappings or ()
        ),
        storage=_build_access(spec.storage),
        revision=revision,
    )


def _build_access(storage: Storage | None) -> StorageAccess:
    return StorageAccess(endpoint=storage.endpoint, region=storage.region) if storage else StorageAccess()


def _model_spec(manifest: Manifest) -> ModelSpec:
    assert isinstance(manifest.spec, ModelSpec)
    return manifest.spec
