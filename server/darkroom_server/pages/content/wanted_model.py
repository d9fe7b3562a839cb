"""What a person typed of a new Model, as the manifests that make it.

Owns the form's fields, and which of them is wrong. Pure.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import pydantic
import yaml

from darkroom_api.names import API_VERSION
from darkroom_api.v1alpha1.common import TASK_ANNOTATIONS, ResourceName, Task
from darkroom_api.v1alpha1.dataset import DatasetSpec
from darkroom_api.v1alpha1.model import ModelSpec

Manifest = dict[str, Any]
_NAME: Final[pydantic.TypeAdapter[str]] = pydantic.TypeAdapter(ResourceName)
_STEM_LENGTH: Final = 200
_FIELDS: Final = {
    "task": "task",
    "dataset": "dataset",
    "budget": "budget",
    "evaluationDataset": "evaluation",
    "compute": "class",
    "annotationFiles": "files",
    "storage": "secret",
}
"""The fields of the form, by those of a spec."""


@dataclass(frozen=True)
class WantedModel:
    """The fields as they were typed; `files` has one address a line, and makes a new Dataset."""

    name: str = ""
    task: str = Task.DETECTOR.value
    dataset: str = ""
    files: str = ""
    secret: str = ""
    budget: str = "30m"
    evaluation: str = ""
    compute_class: str = ""

    @property
    def annotation_files(self) -> tuple[str, ...]:
        """Return the addresses of a new Dataset's files."""
        return tuple(line.strip() for line in self.files.splitlines() if line.strip())


@dataclass(frozen=True)
class Written:
    """The manifests, in the order to apply them, or what is wrong by field."""

    manifests: tuple[Manifest, ...] = ()
    problems: dict[str, str] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """Return them as YAML."""
        return write_yaml(self.manifests)


def read_wanted(form: dict[str, str]) -> WantedModel:
    """Return what a form says."""
    named = {key: form[key].strip() for key in WantedModel.__dataclass_fields__ if key in form}
    return WantedModel(**{**named, "compute_class": form.get("class", "").strip()})


def write_manifests(wanted: WantedModel) -> Written:
    """Return the manifests of a Model and, where files are given, of its Dataset."""
    problems = {
        key: "write small letters, digits, '-' and '.', beginning with a letter or digit"
        for key, value in (("name", wanted.name), ("dataset", wanted.dataset))
        if not _is_name(value)
    }
    model: Manifest = {"task": wanted.task, "dataset": wanted.dataset, "budget": wanted.budget}
    if wanted.evaluation:
        model["evaluationDataset"] = wanted.evaluation
    if wanted.compute_class:
        model["compute"] = {"class": wanted.compute_class}
    problems |= _check(ModelSpec, model, problems)
    manifests = [build_manifest("Model", wanted.name, model)]
    if wanted.annotation_files:
        kind = TASK_ANNOTATIONS[Task(wanted.task)].value if wanted.task in list(Task) else ""
        dataset: Manifest = {"annotationKind": kind, "annotationFiles": list(wanted.annotation_files)}
        if wanted.secret:
            dataset["storage"] = {"credentialsSecret": wanted.secret}
        problems |= _check(DatasetSpec, dataset, problems)
        manifests.insert(0, build_manifest("Dataset", wanted.dataset, dataset))
    return Written((), problems) if problems else Written(tuple(manifests))


def build_prediction(model: str, dataset: str, suffix: str) -> Manifest:
    """Return the manifest of a Prediction of a Dataset's unlabelled images; the suffix keeps it from those before."""
    name = f"{model[:_STEM_LENGTH].rstrip('.-')}-{suffix}"
    return build_manifest("Prediction", name, {"model": model, "dataset": dataset})


def write_yaml(manifests: Sequence[Manifest]) -> str:
    """Return manifests as one file."""
    return "---\n".join(yaml.safe_dump(manifest, sort_keys=False, allow_unicode=True) for manifest in manifests)


def _is_name(value: str) -> bool:
    try:
        _NAME.validate_python(value)
    except pydantic.ValidationError:
        return False
    return True


def _check(spec: type[pydantic.BaseModel], raw: Manifest, known: dict[str, str]) -> dict[str, str]:
    """Return what is wrong with a spec, by field, but for fields that are known to be."""
    try:
        spec.model_validate(raw)
    except pydantic.ValidationError as error:
        found: dict[str, str] = {}
        for problem in error.errors(include_url=False, include_input=False):
            message = problem["msg"].removeprefix("Value error, ")
            # A rule of a whole spec begins with the field that it is about.
            place = str(problem["loc"][0]) if problem["loc"] else message.partition(":")[0]
            found.setdefault(_FIELDS.get(place, "name"), message)
        return {key: message for key, message in found.items() if key not in known}
    return {}


def build_manifest(kind: str, name: str, spec: Manifest) -> Manifest:
    """Return a whole resource."""
    return {"apiVersion": API_VERSION, "kind": kind, "metadata": {"name": name}, "spec": spec}
