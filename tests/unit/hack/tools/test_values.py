"""The chart's values as their comments describe them."""

from typing import Any

import jsonschema
import pytest
import yaml

from hack.tools.generate import ROOT
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
  # @schema {type:
  #   [string, "null"]}
  maybe: null
# -- By name.
# @schema {entries: first}
classes:
  first:
    # -- Its size.
    # @schema {format: quantity}
    size: 1Gi
  second: {size: 2Gi}
# -- In their order.
# @schema {items: {required: [name]}, minItems: 1}
rules:
  -
    # -- Its name.
    name: a
    # -- Its weight.
    # @schema {minimum: 1}
    weight: 2
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


def test_the_fields_of_a_lists_entries_are_documented_beside_the_list() -> None:
    keys = [value.key for value in find_leaves(read_values(SMALL))]
    assert keys[-3:] == ["rules", "rules[].name", "rules[].weight"]


@pytest.mark.parametrize(
    "values",
    [
        small(),
        small(part={"name": "a", "maybe": "b"}),
        small(classes={"third": {"size": "500Mi"}}),
        small(classes={"first": None}),
        small(rules=[{"name": "b"}, {"name": "c", "weight": 1}]),
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
        small(rules=[{"name": "b"}, {"weight": 1}]),
        small(rules=[{"name": "b", "weight": 0}]),
        small(rules=[{"name": "b", "size": 1}]),
        small(rules=[]),
    ],
    ids=[
        *(
            "too small",
            "not a number",
            "misspelt",
            "misspelt inside",
            "no string",
            "no quantity",
            "unknown in an entry",
        ),
        *("an entry without its name", "too small in an entry", "unknown in an entry of a list", "no entry"),
    ],
)
def test_bad_values_are_refused(values: dict[str, Any]) -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(values, build_schema(read_values(SMALL)))


def test_a_note_that_is_no_mapping_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="count: @schema must be a mapping"):
        read_values("# -- How many.\n# @schema minimum 1\ncount: 2\n")
