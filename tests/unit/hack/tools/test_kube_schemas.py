"""Schemas that refuse a misspelt key: Kubernetes' own and ours."""

from typing import Any

import jsonschema
import pytest

from hack.tools.kube_schemas import build_darkroom_schemas, build_kserve_schema, build_kubernetes_schemas

GROUP_VERSION_KIND = [{"group": "apps.k8s.io", "version": "v1", "kind": "Thing"}]
DEFINITIONS: dict[str, Any] = {
    "Thing": {
        "type": "object",
        "properties": {"metadata": {"type": "object"}, "port": {"$ref": "#/definitions/Port"}},
        "x-kubernetes-group-version-kind": GROUP_VERSION_KIND,
    },
    "Port": {"type": "string", "format": "int-or-string"},
    "Unused": {"type": "object"},
}


@pytest.mark.parametrize(
    ("thing", "valid"),
    [({"port": 80}, True), ({"port": "http"}, True), ({"port": []}, False), ({"prot": 80}, False)],
    ids=["a number", "a name", "a list", "a misspelt key"],
)
def test_kubernetes_schemas_are_strict(thing: dict[str, Any], valid: bool) -> None:
    schema = dict(build_kubernetes_schemas(DEFINITIONS))["thing-apps-v1.json"]
    assert "Unused" not in schema["definitions"]
    assert jsonschema.Draft7Validator(schema).is_valid(thing) is valid


def test_our_schemas_refuse_a_misspelt_field() -> None:
    schema = dict(build_darkroom_schemas())["model-darkroom-v1alpha1.json"]
    spec = {"task": "detector", "dataset": "fruit", "budget": "1h"}
    assert jsonschema.Draft7Validator(schema).is_valid({"kind": "Model", "spec": spec})
    assert not jsonschema.Draft7Validator(schema).is_valid({"kind": "Model", "spec": {**spec, "bugdet": "1h"}})


@pytest.mark.parametrize(
    ("changes", "valid"),
    [
        ({}, True),
        ({"protocolVersions": ["v7"]}, False),
        ({"supportedModelFormats": [{"version": "1"}]}, False),
        ({"containers": [{"nmae": "a"}]}, False),
        ({"replica": 1}, False),
    ],
    ids=[
        "as it is",
        "an unknown protocol",
        "a format without a name",
        "a misspelt key of a container",
        "a misspelt key",
    ],
)
def test_kserves_schema_refuses_what_its_api_does(changes: dict[str, Any], valid: bool) -> None:
    own = {"type": "object", "properties": {"name": {"type": "string"}}}
    _, schema = build_kserve_schema({"io.k8s.api.core.v1.Container": own, "io.k8s.api.core.v1.Volume": own})
    formats = [{"name": "darkroom", "version": "1", "autoSelect": True}]
    spec = {"supportedModelFormats": formats, "protocolVersions": ["v2"], "containers": [{"name": "a"}], **changes}
    manifest = {"kind": "ClusterServingRuntime", "metadata": {"name": "darkroom"}, "spec": spec}
    assert jsonschema.Draft7Validator(schema).is_valid(manifest) is valid
