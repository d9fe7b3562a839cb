"""The chart's values as their comments describe them, and the small generators and checks of hack/tools/."""

from typing import Any

import jsonschema
import pytest
import yaml

from hack.tools.chart import build_crd_template, escape_template
from hack.tools.check_chart import find_problem
from hack.tools.generate import ROOT
from hack.tools.kube_schemas import build_darkroom_schemas, build_kubernetes_schemas
from hack.tools.values import build_schema, find_leaves, read_values

VALUES = (ROOT / "helm/darkroom/values.yaml").read_text()

SMALL = """
# -- How many.
# @schema {minimum: 1}
count: 2
part:
  # -- A name, which is
  # written on two lines.
  name: ""
  # -- Perhaps.
  # @schema {type: [string, "null"]}
  maybe: null
# -- By name.
# @schema {entries: first}
classes:
  first:
    # -- Its size.
    # @schema {format: quantity}
    size: 1Gi
  second: {size: 2Gi}
"""


def small(**changes: Any) -> dict[str, Any]:
    values: dict[str, Any] = yaml.safe_load(SMALL)
    return {**values, **changes}


@pytest.mark.parametrize("value", find_leaves(read_values(VALUES)), ids=lambda value: value.key)
def test_a_value_has_a_sentence(value: Any) -> None:
    assert value.sentence.endswith("."), "write a `# -- Sentence.` above it"


def test_the_defaults_pass_their_own_schema() -> None:
    jsonschema.validate(yaml.safe_load(VALUES), build_schema(read_values(VALUES)))


def test_a_sentence_may_have_two_lines() -> None:
    sentences = {value.key: value.sentence for value in find_leaves(read_values(SMALL))}
    assert sentences["part.name"] == "A name, which is written on two lines."


@pytest.mark.parametrize(
    "values",
    [
        small(),
        small(part={"name": "a", "maybe": "b"}),
        small(classes={"third": {"size": "500Mi"}}),
        small(classes={"first": None}),
        small(**{"global": {"x": 1}}),
    ],
)
def test_good_values_pass(values: dict[str, Any]) -> None:
    jsonschema.validate(values, build_schema(read_values(SMALL)))


@pytest.mark.parametrize(
    "values",
    [
        small(count=0),
        small(count="2"),
        small(cuont=2),
        small(part={"nmae": "a"}),
        small(part={"maybe": 1}),
        small(classes={"first": {"size": "big"}}),
        small(classes={"first": {"weight": 1}}),
    ],
    ids=["too small", "not a number", "misspelt", "misspelt inside", "no string", "no quantity", "unknown in an entry"],
)
def test_bad_values_are_refused(values: dict[str, Any]) -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(values, build_schema(read_values(SMALL)))


def test_a_note_that_is_no_mapping_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="count: @schema must be a mapping"):
        read_values("# -- How many.\n# @schema minimum 1\ncount: 2\n")


def test_double_braces_of_a_description_are_not_for_helm() -> None:
    crd = {"kind": "K", "metadata": {"name": "a.b"}, "spec": {"text": "write {{ name }}"}}
    assert 'write {{ "{{" }} name }}' in build_crd_template(crd)
    assert escape_template("{1,5}") == "{1,5}"


def a_pod(**security: Any) -> dict[str, Any]:
    own = {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
        **security,
    }
    pod = {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}
    containers = [{"name": "a", "securityContext": own, "resources": {}}]
    return {"kind": "Pod", "metadata": {"name": "p"}, "spec": {"securityContext": pod, "containers": containers}}


def a_role(**rule: Any) -> dict[str, Any]:
    return {"kind": "Role", "rules": [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"], **rule}]}


@pytest.mark.parametrize(
    ("manifest", "problem"),
    [
        (a_pod(), None),
        (a_pod(readOnlyRootFilesystem=False), "read-only root"),
        (a_pod(allowPrivilegeEscalation=True), "not restricted"),
        (a_pod(capabilities={"drop": ["ALL"], "add": ["NET_ADMIN"]}), "not restricted"),
        (a_role(), None),
        (a_role(resources=["secrets"]), "Secrets"),
        (a_role(verbs=["*"]), "wildcard"),
    ],
)
def test_the_chart_check_sees_what_is_not_restricted(manifest: dict[str, Any], problem: str | None) -> None:
    found = find_problem(manifest)
    assert found is None if problem is None else problem in (found or "")


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
