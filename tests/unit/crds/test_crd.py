"""The CRDs: structural, bounded, described and without defaults."""

from collections.abc import Iterator
from typing import Any, Final

import pydantic
import pytest
import yaml

from darkroom_api.crd import KINDS, build_crd, build_schema
from darkroom_api.schema import Object, Rule, Spec

Schema = dict[str, Any]
SCALARS: Final = {"type", "description", "enum", "pattern", "format", "minimum", "maximum", "minLength", "maxLength"}
CONTAINERS: Final = {"properties", "required", "items", "minItems", "maxItems", "additionalProperties", "maxProperties"}
EXTENSIONS: Final = {"list-type", "list-map-keys", "validations"}
ALLOWED: Final = SCALARS | CONTAINERS | {f"x-kubernetes-{name}" for name in EXTENSIONS}


def walk(schema: Schema, path: str) -> Iterator[tuple[str, Schema]]:
    """Yield every node of a schema with its path."""
    yield path, schema
    for name, child in schema.get("properties", {}).items():
        yield from walk(child, f"{path}.{name}")
    for key in ("items", "additionalProperties"):
        if isinstance(schema.get(key), dict):
            yield from walk(schema[key], f"{path}[]")


NODES: Final = [
    (path, node)
    for kind in KINDS
    for part in ("spec", "status")
    for path, node in walk(
        build_crd(kind)["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"][part], f"{kind.name}.{part}"
    )
]


def nodes_of(*types: str, below: str = "") -> list[tuple[str, Schema]]:
    return [(path, node) for path, node in NODES if node["type"] in types and below in path]


@pytest.mark.parametrize(("path", "node"), NODES, ids=lambda value: value if isinstance(value, str) else "")
def test_a_node_is_structural_and_described(path: str, node: Schema) -> None:
    assert set(node) <= ALLOWED
    assert node["type"] in ("object", "array", "string", "integer", "number", "boolean")
    assert node.get("description") or path.endswith("[]"), "every field needs a description"
    assert "default" not in node, "a default would rewrite the user's object"


@pytest.mark.parametrize(
    ("path", "node"), nodes_of("string"), ids=lambda value: value if isinstance(value, str) else ""
)
def test_a_string_is_bounded(path: str, node: Schema) -> None:
    assert {"maxLength", "enum", "format"} & set(node), path


@pytest.mark.parametrize(("path", "node"), nodes_of("array"), ids=lambda value: value if isinstance(value, str) else "")
def test_a_list_is_bounded(path: str, node: Schema) -> None:
    assert "maxItems" in node, path


def test_a_spec_holds_no_float_but_a_threshold_which_is_compared_and_never_reckoned_with() -> None:
    assert [path for path, _ in nodes_of("number", below=".spec")] == ["Prediction.spec.threshold"]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_a_kind_is_printed_listed_and_has_a_status(kind: Any) -> None:
    spec = build_crd(kind)["spec"]
    version = spec["versions"][0]
    assert version["subresources"] == {"status": {}}
    assert spec["names"]["categories"] == ["darkroom"]
    assert spec["names"]["shortNames"]
    printed = [column["name"] for column in version["additionalPrinterColumns"]]
    assert printed[:2] == ["Phase", "Reason"]
    assert printed[-1] == "Message"


def test_a_crd_stays_below_the_limit_of_an_annotation() -> None:
    sizes = {kind.name: len(yaml.safe_dump(build_crd(kind))) for kind in KINDS}
    assert max(sizes.values()) < 262_144 / 4, "kubectl apply keeps a copy in an annotation"


class _Union(Object):
    value: int | str


class _Tuple(Object):
    value: tuple[int, str]


class _Constant(Object):
    value: float = pydantic.Field(multiple_of=0.5)


@pytest.mark.parametrize("model", [_Union, _Tuple, _Constant])
def test_what_a_crd_cannot_say_is_refused(model: type[Object]) -> None:
    with pytest.raises(ValueError, match=f"{model.__name__}.value: a CRD cannot hold"):
        build_schema(model)


class _Inner(Spec):
    low: int = 0
    rules = (Rule(cel="self.low >= 0", message="low: must not be negative", holds=lambda inner: inner.low >= 0),)


class _Outer(Spec):
    inner: _Inner | None = None
    many: tuple[_Inner, ...] = ()
    immutable = ("inner",)


def test_rules_stand_where_their_class_stands() -> None:
    schema = build_schema(_Outer)
    inner = [{"rule": "self.low >= 0", "message": "low: must not be negative"}]
    assert schema["properties"]["inner"]["x-kubernetes-validations"] == inner
    assert schema["properties"]["many"]["items"]["x-kubernetes-validations"] == inner
    assert [rule["message"].split(":")[0] for rule in schema["x-kubernetes-validations"]] == ["inner"]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_an_immutable_field_is_a_field(kind: Any) -> None:
    assert set(kind.spec.immutable) <= set(build_schema(kind.spec)["properties"])


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_a_rule_names_its_field_first(kind: Any) -> None:
    properties = build_schema(kind.spec)["properties"]
    assert all(rule.message.split(":")[0] in properties for rule in kind.spec.rules)
