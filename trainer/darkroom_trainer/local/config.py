"""Where a run on this machine reads and writes, and what it is told.

Owns how `file:` URIs and outputs are resolved; which field of a spec becomes which of a RunConfig: `darkroom_api.runs`.
Pure. Must not do: touch the disk.
Credentials are the ambient ones of the AWS_* environment; Secrets and ServiceAccounts are a cluster's, and a folder
stands for each claim. Its user is the administrator: hosts that the manifests name are reached wherever they are, those
in annotation files only if public.
"""

import pathlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from darkroom_api import endpoints, names, runs
from darkroom_api.run_config import (
    DatasetSource,
    Location,
    PictureFolder,
    ResourceReference,
    RunConfig,
    StorageAccess,
    Weights,
)
from darkroom_api.v1alpha1.common import Artifacts, Storage
from darkroom_api.v1alpha1.dataset import DatasetSpec, UrlMapping
from darkroom_api.v1alpha1.model import ModelSpec
from darkroom_api.v1alpha1.prediction import ImageFolder, PredictionSpec
from darkroom_storage.local_files import resolve_uri, to_uri
from darkroom_storage.objects import join_uri
from darkroom_trainer.local.manifests import Manifest

PICTURE_BYTES: Final = 8 << 30
_LOCAL: Final = StorageAccess(reach=endpoints.OWN_MACHINE)


@dataclass(frozen=True)
class Permits:
    """What resources may name whose users are not this machine's own."""

    endpoints: tuple[str, ...] = ()
    """Hosts at private addresses that may be reached."""
    folders: tuple[pathlib.Path, ...] = ()
    """Below these, files may be read."""
    secrets: pathlib.Path = pathlib.Path()
    """Holds a folder for each Secret, with a file for each key."""


@dataclass(frozen=True)
class Target:
    """A resource with its uid and the folder for its own artifacts."""

    manifest: Manifest
    uid: str
    artifacts: pathlib.Path
    weights: Weights
    """Where pretrained backbones come from."""
    volumes: Mapping[str, pathlib.Path] = field(default_factory=dict)
    """The folder that stands for each PersistentVolumeClaim."""
    pictures: PictureFolder | None = None
    """Where decoded images are kept for further runs."""
    permits: Permits | None = None
    """None where whoever wrote the manifest is the user of this machine."""

    @property
    def reference(self) -> ResourceReference:
        """Return the resource as a RunConfig names it."""
        return runs.build_reference(*self.manifest.key, self.uid)


def build_inspect_config(target: Target) -> RunConfig:
    """Return the run that inspects a Dataset."""
    return runs.build_inspection(target.reference, build_source(target, None), _locate_output(target))


def build_train_config(target: Target, dataset: DatasetSource, evaluation_dataset: DatasetSource | None) -> RunConfig:
    """Return the run that trains a Model, on the one device that this process has."""
    spec = _model_spec(target.manifest)
    output = _build_output(target, spec, dataset)
    return runs.build_training(
        target.reference, spec, dataset, evaluation_dataset, output, target.weights, target.pictures
    )


def build_evaluate_config(
    target: Target, dataset: DatasetSource, model: Manifest, model_dataset: DatasetSource | None, artifacts: Artifacts
) -> RunConfig:
    """Return the run that measures the Model whose files are `artifacts`."""
    files = _locate_model(model, model_dataset, artifacts)
    return runs.build_evaluation(target.reference, _model_spec(model), dataset, files, _locate_output(target))


def build_predict_config(
    target: Target,
    dataset: DatasetSource | None,
    model: Manifest,
    model_dataset: DatasetSource | None,
    artifacts: Artifacts,
) -> RunConfig:
    """Return the run that answers images with the Model whose files are `artifacts`.

    `dataset` says which images are labelled: the one to answer, else the Model's own, if that can be read.
    """
    answering, spec = _model_spec(model), target.manifest.spec
    assert isinstance(spec, PredictionSpec)
    return runs.build_prediction(
        target.reference,
        spec,
        answering,
        dataset or runs.build_missing_source(answering),
        _locate_model(model, model_dataset, artifacts),
        _locate_images(target, spec.images) if spec.images is not None else None,
        _locate_output(target),
    )


def _locate_model(model: Manifest, model_dataset: DatasetSource | None, artifacts: Artifacts) -> Location:
    return Location(uri=artifacts.uri, storage=_output_access(_model_spec(model), model_dataset))


def _locate_images(target: Target, images: ImageFolder) -> Location:
    uri, permits = resolve_uri(images.uri, target.manifest.folder), target.permits
    access = _reach(images.storage, target.volumes) if permits is None else _reach_permitted(images.storage, permits)
    return Location(uri=uri, storage=access)


def build_weights(folder: pathlib.Path | None, *, embedded: bool = True) -> Weights:
    """Return where pretrained backbones come from: a folder of this machine, and the installed packages."""
    return Weights(location=_locate(to_uri(folder)) if folder is not None else None, embedded=embedded)


def build_pictures(folder: pathlib.Path) -> PictureFolder:
    """Return the folder of this machine that keeps decoded images."""
    return PictureFolder(uri=to_uri(folder), storage=_LOCAL, most_bytes=PICTURE_BYTES)


def _build_output(target: Target, spec: ModelSpec, dataset: DatasetSource) -> Location:
    if spec.output is None:
        return _locate_output(target)
    folder = names.artifact_folder("model", target.manifest.name, target.uid)
    base = resolve_uri(spec.output.uri, target.manifest.folder)
    return Location(uri=join_uri(base, folder), storage=_output_access(spec, dataset))


def _output_access(spec: ModelSpec, dataset: DatasetSource | None) -> StorageAccess:
    if spec.output is None or (spec.output.storage is None and dataset is None):
        return _LOCAL
    return _reach(spec.output.storage, {}) if dataset is None or spec.output.storage is not None else dataset.storage


def _reach(storage: Storage | None, volumes: Mapping[str, pathlib.Path], *named: str) -> StorageAccess:
    """Return how a storage is reached, and the hosts of the addresses that a manifest names."""
    claim = runs.find_claim(storage)
    endpoint = storage.endpoint if storage is not None else None
    allowed = endpoints.list_endpoints((*named, endpoint or ""))
    folder = str(volumes[claim]) if claim is not None else None
    reach = endpoints.Reach(own_machine=True, allowed_endpoints=allowed)
    return runs.build_access(storage, reach, volume_dir=folder)


def _locate(uri: str) -> Location:
    return Location(uri=uri, storage=_LOCAL)


def _locate_output(target: Target) -> Location:
    return _locate(to_uri(target.artifacts))


def build_source(target: Target, revision: str | None) -> DatasetSource:
    """Return a Dataset, ready to read."""
    manifest, permits = target.manifest, target.permits
    spec = manifest.spec
    assert isinstance(spec, DatasetSpec)
    if permits is not None:
        access, folders = _reach_permitted(spec.storage, permits), permits.folders
    else:
        named = (*spec.annotation_files, spec.image_root or "", *(m.to_prefix for m in spec.url_mappings or ()))
        access, folders = _reach(spec.storage, target.volumes, *named), (manifest.folder,)
    source = runs.build_source(manifest.name, _resolve(spec, manifest.folder), access, revision)
    roots = dict.fromkeys(to_uri(path) for folder in folders for path in (folder, folder.resolve()))
    return source.model_copy(update={"local_roots": tuple(roots)})


def _reach_permitted(storage: Storage | None, permits: Permits) -> StorageAccess:
    """Return how a storage is reached by those who may go only where an administrator lets them."""
    secret = storage.credentials_secret if storage is not None else None
    folder = str(permits.secrets / secret) if secret is not None else None
    reach = endpoints.Reach(own_machine=True, allowed_endpoints=permits.endpoints)
    return runs.build_access(storage, reach, folder)


def _resolve(spec: DatasetSpec, folder: pathlib.Path) -> DatasetSpec:
    """Return the spec with its relative `file:` URIs made absolute."""
    mappings = (
        UrlMapping(from_prefix=mapping.from_prefix, to_prefix=resolve_uri(mapping.to_prefix, folder))
        for mapping in spec.url_mappings or ()
    )
    return spec.model_copy(
        update={
            "annotation_files": tuple(resolve_uri(uri, folder) for uri in spec.annotation_files),
            "image_root": resolve_uri(spec.image_root, folder) if spec.image_root is not None else None,
            "url_mappings": tuple(mappings),
        }
    )


def _model_spec(manifest: Manifest) -> ModelSpec:
    assert isinstance(manifest.spec, ModelSpec)
    return manifest.spec
