"""Manifest files to resources, checked by the same classes that the CRDs are generated from.

Owns reading, what is skipped, and messages in the form of kubectl's. Must not do: run anything.
"""

import pathlib
import sys
from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

import pydantic
import yaml

from darkroom_api import crd, names
from darkroom_api.endings import ExitCode
from darkroom_api.runs import find_claim
from darkroom_api.schema import Spec
from darkroom_api.v1alpha1.common import Kind
from darkroom_api.v1alpha1.dataset import DatasetSpec
from darkroom_api.v1alpha1.prediction import PredictionSpec
from darkroom_trainer.local import manifest_checks

KINDS: Final = {kind.name: kind for kind in crd.KINDS}
STANDARD_INPUT: Final = "-"
_SUFFIXES: Final = frozenset({".yaml", ".yml", ".json"})
_DEFAULT_NAMESPACE: Final = "default"

Document = dict[str, Any]


class ManifestError(Exception):
    """Manifests that cannot be run; one message a line, each naming file, document and field."""

    exit_code: Final = ExitCode.BAD_CONFIG

    def __init__(self, messages: Iterable[str]) -> None:
        self.messages = tuple(messages)
        super().__init__("\n".join(self.messages))


@dataclass(frozen=True)
class Manifest:
    """One resource as its user wrote it. `folder` is what relative `file:` URIs start from."""

    kind: Kind
    namespace: str
    name: str
    metadata: Document
    raw_spec: Document
    spec: Spec
    place: str
    folder: pathlib.Path

    @property
    def key(self) -> tuple[str, str, str]:
        """Return what no two resources share."""
        return self.kind.name, self.namespace, self.name


@dataclass(frozen=True)
class Manifests:
    """What was read, and one line for each document that is none of Darkroom's."""

    resources: tuple[Manifest, ...]
    skipped: tuple[str, ...]


def read_manifests(paths: Iterable[str]) -> Manifests:
    """Return the resources in files, folders (not below them, as kubectl) and `-`; raises ManifestError."""
    problems: list[str] = []
    skipped: list[str] = []
    found: list[Manifest] = []
    for path in paths:
        for file, text in _read_texts(path, problems):
            folder = pathlib.Path.cwd() if file == STANDARD_INPUT else pathlib.Path(file).absolute().parent
            for place, document in _split_documents(file, text, problems):
                manifest = _parse_document(document, place, folder, problems, skipped)
                if manifest is not None:
                    found.append(manifest)
    problems += _find_repeated(found)
    if not problems and not found:
        problems.append(f"no Dataset, Model, Evaluation or Prediction of {names.API_VERSION} in {', '.join(paths)}")
    if problems:
        raise ManifestError(problems)
    return Manifests(tuple(found), tuple(skipped))


def check_claims(manifests: Iterable[Manifest], volumes: Container[str]) -> None:
    """Raise ManifestError for each PersistentVolumeClaim that is not among `volumes`."""
    claims = ((manifest, *_find_claim(manifest.spec)) for manifest in manifests)
    problems = [
        f"{manifest.place}: {field}: no folder stands for PersistentVolumeClaim {claim!r} on this machine; "
        f"add --volume {claim}=FOLDER"
        for manifest, field, claim in claims
        if claim is not None and claim not in volumes
    ]
    if problems:
        raise ManifestError(problems)


def _find_claim(spec: Spec) -> tuple[str, str | None]:
    """Return the field in which a resource names a claim, and the claim."""
    if isinstance(spec, DatasetSpec):
        return "spec.storage.volumeClaim", find_claim(spec.storage)
    folder = spec.images if isinstance(spec, PredictionSpec) else None
    return "spec.images.storage.volumeClaim", find_claim(folder.storage) if folder is not None else None


def _read_texts(path: str, problems: list[str]) -> Iterator[tuple[str, str]]:
    if path == STANDARD_INPUT:
        yield path, sys.stdin.read()
        return
    root = pathlib.Path(path)
    files = sorted(file for file in root.iterdir() if file.suffix in _SUFFIXES) if root.is_dir() else [root]
    if root.is_dir() and not files:
        problems.append(f"{path}: the folder holds no .yaml, .yml or .json file")
    for file in files:
        try:
            yield str(file), file.read_text()
        except UnicodeDecodeError as error:
            problems.append(f"{file}: is not UTF-8 text ({error.reason} at byte {error.start})")
        except OSError as error:
            problems.append(f"{file}: cannot be read: {error.strerror}")


def _split_documents(file: str, text: str, problems: list[str]) -> Iterator[tuple[str, Any]]:
    try:
        documents = list(yaml.safe_load_all(text))
    except yaml.YAMLError as error:
        problems.append(f"{file}: is not YAML: {' '.join(str(error).split())}")
        return
    for number, document in enumerate(documents, start=1):
        place = f"{file} document {number}" if len(documents) > 1 else file
        if isinstance(document, dict) and document.get("kind") == "List":
            items = document.get("items") or []
            yield from ((f"{place} item {position}", item) for position, item in enumerate(items, start=1))
        elif document is not None:
            yield place, document


def _parse_document(
    document: Any, place: str, folder: pathlib.Path, problems: list[str], skipped: list[str]
) -> Manifest | None:
    if not isinstance(document, dict):
        problems.append(f"{place}: must be an object with apiVersion, kind, metadata and spec")
        return None
    missing = [field for field in ("apiVersion", "kind") if not isinstance(document.get(field), str)]
    if missing:
        problems.append(f"{place}: {missing[0]}: Required value")
        return None
    api_version, kind_name = document["apiVersion"], document["kind"]
    if not api_version.startswith(f"{names.GROUP}/"):
        skipped.append(f"{place}: {kind_name} is none of Darkroom's kinds and is skipped")
        return None
    if api_version != names.API_VERSION or kind_name not in KINDS:
        known = ", ".join(KINDS)
        problems.append(f'{place}: no matches for kind "{kind_name}" in version "{api_version}"; known: {known} in '
                        f"{names.API_VERSION}")  # fmt: skip
        return None
    return _parse_resource(document, KINDS[kind_name], place, folder, problems)


def _parse_resource(
    document: Document, kind: Kind, place: str, folder: pathlib.Path, problems: list[str]
) -> Manifest | None:
    metadata = document.get("metadata") or {}
    name = metadata.get("name") if isinstance(metadata, dict) else None
    place = f'{place}: {kind.name} "{name}"' if isinstance(name, str) else f"{place}: {kind.name}"
    found = [*manifest_checks.check_metadata(metadata), *manifest_checks.check_keys(document)]
    spec: Spec | None = None
    if not isinstance(document.get("spec"), dict):
        found.append("spec: Required value")
    else:
        try:
            spec = manifest_checks.parse_spec(kind, document["spec"])
        except pydantic.ValidationError as error:
            found += [manifest_checks.explain(entry) for entry in error.errors()]
    problems += [f"{place} is invalid: {message}" for message in found]
    if found or spec is None:
        return None
    namespace = metadata.get("namespace") or _DEFAULT_NAMESPACE
    return Manifest(kind, namespace, metadata["name"], metadata, document["spec"], spec, place, folder)


def _find_repeated(found: list[Manifest]) -> list[str]:
    first: dict[tuple[str, str, str], Manifest] = {}
    return [
        f"{manifest.place} is defined already in {first[manifest.key].place}"
        for manifest in found
        if first.setdefault(manifest.key, manifest) is not manifest
    ]
