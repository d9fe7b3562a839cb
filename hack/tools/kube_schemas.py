"""JSON schemas for kubeconform, without the internet: Kubernetes' own OpenAPI from the Go module cache, and our CRDs.

Owns that translation. The module is the one that the local cluster is built from, so both speak of the same version.
"""

import json
import pathlib
import subprocess
from collections.abc import Iterator
from typing import Any, Final

from darkroom_api import names
from darkroom_api.crd import KINDS, build_crd

MODULE: Final = "k8s.io/kubernetes"
LOCATION: Final = "{{.ResourceKind}}{{.KindSuffix}}.json"
"""kubeconform's template for the names of the files that `write_schemas` writes."""

Schema = dict[str, Any]
_REFERENCE: Final = "#/definitions/"
_SCALARS: Final = {"int-or-string": ["string", "integer"]}
_CONTAINER: Final = "io.k8s.api.core.v1.Container"
_VOLUME: Final = "io.k8s.api.core.v1.Volume"
_QUANTITY: Final = "io.k8s.apimachinery.pkg.api.resource.Quantity"


def find_openapi(module_folder: pathlib.Path) -> pathlib.Path:
    """Return the OpenAPI file in the Go module cache, fetched through the Go proxy if it is not there."""
    command = ["go", "mod", "download", "-json", MODULE]
    answer = subprocess.run(command, cwd=module_folder, capture_output=True, text=True, check=True)
    return pathlib.Path(json.loads(answer.stdout)["Dir"]) / "api/openapi-spec/swagger.json"


def write_schemas(openapi: pathlib.Path, folder: pathlib.Path) -> int:
    """Write one strict schema for each kind that Kubernetes or Darkroom has; returns how many."""
    folder.mkdir(parents=True, exist_ok=True)
    definitions = json.loads(openapi.read_text())["definitions"]
    schemas = dict(build_kubernetes_schemas(definitions)) | dict(build_darkroom_schemas())
    schemas |= dict([build_kserve_schema(definitions)])
    for name, schema in schemas.items():
        (folder / name).write_text(json.dumps(schema))
    return len(schemas)


def build_kubernetes_schemas(definitions: dict[str, Schema]) -> Iterator[tuple[str, Schema]]:
    """Yield file name and schema of every kind in an OpenAPI v2 document; each schema stands alone."""
    strict = {name: _tighten(definition, name) for name, definition in definitions.items()}
    for name, definition in definitions.items():
        kinds = definition.get("x-kubernetes-group-version-kind", [])
        if len(kinds) == 1 and "metadata" in definition.get("properties", {}):
            needed = _collect(name, strict, set())
            schema = {"$ref": _REFERENCE + name, "definitions": {key: strict[key] for key in sorted(needed)}}
            yield name_file(kinds[0]["group"], kinds[0]["version"], kinds[0]["kind"]), schema


def build_darkroom_schemas() -> Iterator[tuple[str, Schema]]:
    """Yield file name and schema of our own kinds."""
    for kind in KINDS:
        schema = build_crd(kind)["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
        yield name_file(names.GROUP, names.VERSION, kind.name), _tighten(schema, kind.name)


def build_kserve_schema(definitions: dict[str, Schema]) -> tuple[str, Schema]:
    """Return file name and schema of KServe's ClusterServingRuntime, with those of its fields that a chart may need.

    The fields are those of `ServingRuntimeSpec` and `ServingRuntimePodSpec` in KServe 0.20; containers and volumes are
    Kubernetes' own.
    """
    strict = {name: _tighten(definition, name) for name, definition in definitions.items()}
    needed = _collect(_CONTAINER, strict, set()) | _collect(_VOLUME, strict, set())
    text, texts = {"type": "string"}, {"type": "object", "additionalProperties": {"type": "string"}}
    model_format = {"name": text, "version": text, "autoSelect": {"type": "boolean"}, "priority": {"minimum": 1}}
    fields = {
        "annotations": texts,
        "labels": texts,
        "nodeSelector": texts,
        "multiModel": {"type": "boolean"},
        "disabled": {"type": "boolean"},
        "protocolVersions": {"type": "array", "items": {"enum": ["v1", "v2", "v3", "grpc-v1", "grpc-v2"]}},
        "supportedModelFormats": {"type": "array", "items": _close(model_format, "name")},
        "containers": {"type": "array", "items": {"$ref": _REFERENCE + _CONTAINER}},
        "volumes": {"type": "array", "items": {"$ref": _REFERENCE + _VOLUME}},
    }
    whole = {"apiVersion": text, "kind": text, "metadata": {"type": "object"}, "spec": _close(fields, "containers")}
    schema = {**_close(whole, "metadata", "spec"), "definitions": {key: strict[key] for key in sorted(needed)}}
    return name_file("serving.kserve.io", "v1alpha1", "ClusterServingRuntime"), schema


def _close(properties: Schema, *required: str) -> Schema:
    """Return the schema of an object that has these properties and no other."""
    return {"type": "object", "properties": properties, "required": list(required), "additionalProperties": False}


def name_file(group: str, version: str, kind: str) -> str:
    """Return the file name that `LOCATION` gives for a kind: only the first word of the group is in it."""
    prefix = f"-{group.split('.')[0]}" if group else ""
    return f"{kind.lower()}{prefix}-{version}.json"


def _tighten(schema: Any, name: str = "") -> Any:
    """Return the schema with unknown keys refused, and quantities and ports as the API server takes them."""
    if isinstance(schema, list):
        return [_tighten(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    tight = {key: _tighten(value) for key, value in schema.items()}
    if name == _QUANTITY:
        tight["type"] = ["string", "number"]
    if isinstance(schema.get("format"), str) and schema["format"] in _SCALARS:
        tight["type"] = _SCALARS[tight.pop("format")]
    if isinstance(schema.get("properties"), dict) and isinstance(schema.get("type", "object"), str):
        tight.setdefault("additionalProperties", False)
    return tight


def _collect(name: str, definitions: dict[str, Schema], seen: set[str]) -> set[str]:
    """Return `name` and every definition that it refers to, directly or not."""
    if name not in seen:
        seen.add(name)
        for reference in _find_references(definitions[name]):
            _collect(reference, definitions, seen)
    return seen


def _find_references(schema: Any) -> Iterator[str]:
    if isinstance(schema, list):
        for item in schema:
            yield from _find_references(item)
    elif isinstance(schema, dict):
        reference = schema.get("$ref")
        if isinstance(reference, str):
            yield reference.removeprefix(_REFERENCE)
        for value in schema.values():
            yield from _find_references(value)
