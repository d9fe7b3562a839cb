"""A manifest's spec through the contract's classes."""

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
