"""A manifest's spec through the contract's classes, and what may not change in it."""

from typing import Final

from darkroom_api.schema import Spec
from darkroom_api.v1alpha1.dataset import DatasetSpec
from darkroom_api.v1alpha1.evaluation import EvaluationSpec
from darkroom_api.v1alpha1.model import ModelSpec
from tests.bad_manifests import Manifest

_SPECS: Final[dict[str, type[Spec]]] = {"Dataset": DatasetSpec, "Model": ModelSpec, "Evaluation": EvaluationSpec}


def parse_spec(manifest: Manifest) -> Spec:
    """Return the spec of a manifest; raises pydantic.ValidationError."""
    return _SPECS[manifest["kind"]].model_validate(manifest["spec"])


def find_immutable_changes(old: Spec, new: Spec) -> list[str]:
    """Return the JSON names of the immutable fields that differ between two versions of a spec."""
    before, after = old.to_json(), new.to_json()
    return [name for name in old.immutable if before.get(name) != after.get(name)]
