"""Specs through pydantic (the same tables that tests/cluster applies to a real API server), and the examples."""

import pathlib
from typing import Any, Final

import pydantic
import pytest
import yaml

from darkroom_api import names
from darkroom_api.schema import Spec
from darkroom_api.v1alpha1.dataset import DatasetSpec
from darkroom_api.v1alpha1.evaluation import EvaluationSpec
from darkroom_api.v1alpha1.model import ModelSpec
from darkroom_api.v1alpha1.prediction import PredictionSpec
from hack.tools.generate import ROOT
from tests.bad_manifests import BAD_MANIFESTS, BAD_UPDATES, GOOD_MANIFESTS, GOOD_UPDATES, BadManifest, Manifest, Update

_SPECS: Final[dict[str, type[Spec]]] = {
    "Dataset": DatasetSpec,
    "Model": ModelSpec,
    "Evaluation": EvaluationSpec,
    "Prediction": PredictionSpec,
}


def parse_spec(manifest: Manifest) -> Spec:
    """Return the spec of a manifest; raises pydantic.ValidationError."""
    return _SPECS[manifest["kind"]].model_validate(manifest["spec"])


def find_immutable_changes(old: Spec, new: Spec) -> list[str]:
    """Return the JSON names of the immutable fields that differ between two versions of a spec."""
    before, after = old.to_json(), new.to_json()
    return [name for name in old.immutable if before.get(name) != after.get(name)]


@pytest.mark.parametrize("case", [case for case in BAD_MANIFESTS if "spec" in case.manifest], ids=lambda case: case.id)
def test_refuses_and_names_the_field(case: BadManifest) -> None:
    with pytest.raises(pydantic.ValidationError) as refusal:
        parse_spec(case.manifest)
    assert case.field in str(refusal.value)


@pytest.mark.parametrize("manifest", GOOD_MANIFESTS, ids=lambda manifest: f"{manifest['kind']} {manifest['spec']}")
def test_accepts_and_writes_back_the_same(manifest: dict[str, Any]) -> None:
    assert parse_spec(manifest).to_json() == manifest["spec"]


@pytest.mark.parametrize("case", BAD_UPDATES, ids=lambda case: case.id)
def test_finds_a_change_of_an_immutable_field(case: Update) -> None:
    assert find_immutable_changes(parse_spec(case.manifest), parse_spec(case.changed)) == [case.field]


@pytest.mark.parametrize("case", GOOD_UPDATES, ids=lambda case: case.id)
def test_lets_mutable_fields_change(case: Update) -> None:
    assert find_immutable_changes(parse_spec(case.manifest), parse_spec(case.changed)) == []


def test_every_id_is_used_once() -> None:
    ids = [case.id for case in BAD_MANIFESTS] + [case.id for case in (*BAD_UPDATES, *GOOD_UPDATES)]
    assert len(ids) == len(set(ids))


def read_resources(folder: pathlib.Path) -> list[dict[str, Any]]:
    texts = (path.read_text() for path in sorted(folder.rglob("*.yaml")))
    manifests = [manifest for text in texts for manifest in yaml.safe_load_all(text) if manifest]
    return [manifest for manifest in manifests if manifest["apiVersion"] == names.API_VERSION]


EXAMPLES = read_resources(ROOT / "examples")


@pytest.mark.parametrize("manifest", EXAMPLES, ids=lambda m: f"{m['kind']} {m['metadata']['name']}")
def test_an_example_is_valid(manifest: dict[str, Any]) -> None:
    assert parse_spec(manifest)


@pytest.mark.parametrize("folder", ["digits", "photos", "local", "migration"])
def test_the_examples_of_a_folder_name_each_other(folder: str) -> None:
    resources = read_resources(ROOT / "examples" / folder)
    known = {(resource["kind"], resource["metadata"]["name"]) for resource in resources}
    needed = {
        (kind.capitalize(), resource["spec"][kind])
        for resource in resources
        for kind in ("model", "dataset")
        if kind in resource["spec"]
    }
    assert needed <= known


def test_the_local_examples_are_those_of_the_cluster_without_a_bucket() -> None:
    digits, photos, local = (read_resources(ROOT / "examples" / folder) for folder in ("digits", "photos", "local"))
    names_of_both = sorted((one["kind"], one["metadata"]["name"]) for one in (*digits, *photos))
    assert names_of_both == sorted((one["kind"], one["metadata"]["name"]) for one in local)
    files = [uri for resource in local for uri in resource["spec"].get("annotationFiles", [])]
    assert files
    assert all(uri.startswith("file:") for uri in files)
