"""What is wrong with one manifest, in the words of an API server."""

from typing import Any

import pydantic
import pytest

from darkroom_api.v1alpha1.model import MODEL
from darkroom_trainer.local import manifest_checks

GOOD = {"task": "classifier", "dataset": "fruit", "budget": "60s"}


def test_a_spec_is_read_by_the_names_of_the_fields_in_the_crd() -> None:
    spec = manifest_checks.parse_spec(MODEL, {**GOOD, "evaluationDataset": "test"})
    assert spec.to_json() == {**GOOD, "evaluationDataset": "test"}


WRONG = {
    "a field that there is not": ({**GOOD, "gpus": 2}, 'unknown field "spec.gpus"'),
    "a field by the name that code has for it": (
        {**GOOD, "evaluation_dataset": "test"}, 'unknown field "spec.evaluation_dataset"',
    ),
    "a field that must be there": ({"task": "classifier", "dataset": "fruit"}, "spec.budget: Required value"),
    "a word that is none of a list": (
        {**GOOD, "task": "segmenter"}, 'spec.task: Unsupported value: "segmenter": supported values: ',
    ),
    "a number where text belongs": ({**GOOD, "dataset": 7}, "spec.dataset: Invalid value: 7: Input should be a valid"),
    "a rule between fields": (
        {**GOOD, "evaluationDataset": "fruit"}, "spec: evaluationDataset: must differ from dataset",
    ),
    "a place deep inside": (
        {**GOOD, "compute": {"devices": 0}}, "spec.compute.devices: Invalid value: 0: Input should be greater than",
    ),
    "a long value is cut": ({**GOOD, "seed": "7" * 200}, f'spec.seed: Invalid value: "{"7" * 78}…: '),
}  # fmt: skip


@pytest.mark.parametrize(("raw", "said"), WRONG.values(), ids=WRONG.keys())
def test_a_spec_that_is_wrong_is_told_as_an_api_server_tells_it(raw: dict[str, Any], said: str) -> None:
    with pytest.raises(pydantic.ValidationError) as refused:
        manifest_checks.parse_spec(MODEL, raw)
    assert [manifest_checks.explain(error)[: len(said)] for error in refused.value.errors()] == [said]


@pytest.mark.parametrize(
    ("metadata", "said"),
    [
        pytest.param({"name": "fruit-1.a", "namespace": "team"}, [], id="both good"),
        pytest.param({}, ["metadata.name: Required value"], id="no name"),
        pytest.param({"name": 7}, ["metadata.name: Invalid value: 7"], id="a number"),
        pytest.param({"name": "a" * 254}, ['metadata.name: Invalid value: "aaa'], id="a name that is too long"),
        pytest.param({"name": "fruit-"}, ['metadata.name: Invalid value: "fruit-"'], id="a name that ends with a dash"),
        pytest.param({"name": "a", "namespace": "A"}, ['metadata.namespace: Invalid value: "A"'], id="a namespace"),
        pytest.param(["name"], ['metadata: Invalid value: ["name"]: must be an object'], id="a list"),
    ],
)
def test_a_name_is_one_that_an_api_server_takes(metadata: Any, said: list[str]) -> None:
    found = manifest_checks.check_metadata(metadata)
    assert [text[: len(start)] for text, start in zip(found, said, strict=True)] == said


def test_what_stands_beside_the_fields_of_every_resource_is_named() -> None:
    assert manifest_checks.check_keys({"kind": "Model", "spec": {}, "status": {}, "specs": {}}) == [
        'unknown field "specs"'
    ]
