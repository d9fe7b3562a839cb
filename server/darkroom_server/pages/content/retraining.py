"""What may be done with the labels of a Prediction: reviewed, and trained on. Pure."""

from dataclasses import dataclass

from darkroom_api.runs import find_claim
from darkroom_api.v1alpha1.common import TASK_ANNOTATIONS, Task
from darkroom_api.v1alpha1.dataset import DatasetSpec
from darkroom_api.v1alpha1.model import ModelSpec
from darkroom_api.v1alpha1.prediction import DEFAULT_FORMATS, PredictionFormat, PredictionSpec, PredictionStatus
from darkroom_server.backends.backend import Stored
from darkroom_server.pages.content.wanted_model import Manifest, build_manifest, write_yaml

_NAME_LENGTH = 200


@dataclass(frozen=True)
class LabelUse:
    """Of one Prediction. `retraining`: the manifests of a training on its reviewed labels, where the Model is known."""

    has_labels: bool
    has_one_tag: bool
    retraining: str


def describe_use(stored: Stored, model: Stored | None, dataset: Stored | None, reviewed_name: str) -> LabelUse:
    """Return what may be done with the labels of a Prediction by `model`, which learned from `dataset`.

    They are saved as `reviewed_name`. A Model and a Dataset are None where the person may not see them.
    """
    spec, status = stored.spec, stored.status
    assert isinstance(spec, PredictionSpec)
    assert isinstance(status, PredictionStatus)
    asked = model.spec if model is not None and isinstance(model.spec, ModelSpec) else None
    has_labels = status.artifacts is not None and PredictionFormat.COCO in (spec.write or DEFAULT_FORMATS)
    retraining = ""
    if status.artifacts is not None and asked is not None:
        uri = f"{status.artifacts.uri.rstrip('/')}/{reviewed_name}"
        source = dataset.spec if dataset is not None and isinstance(dataset.spec, DatasetSpec) else None
        where = spec.images.storage if spec.images else source.storage if source else None
        retraining = write_yaml(build_retraining(stored.name, uri, asked, source, find_claim(where)))
    return LabelUse(has_labels, asked is not None and asked.task is Task.CLASSIFIER, retraining)


def build_retraining(
    name: str, labels_uri: str, model: ModelSpec, learned: DatasetSpec | None, claim: str | None
) -> tuple[Manifest, ...]:
    """Return the manifests of a training like that of `model`, which learned from `learned`, on reviewed labels.

    `claim` is the PersistentVolumeClaim that the labelled images are on, if they are on one.
    """
    dataset: Manifest = {
        "annotationKind": TASK_ANNOTATIONS[model.task].value,
        "annotationFiles": [labels_uri],
    }
    storage = (model.output.storage if model.output else None) or (learned.storage if learned else None)
    if storage is not None or claim is not None:
        named = {"volumeClaim": claim} if claim is not None else {}
        dataset["storage"] = (storage.to_json() if storage is not None else {}) | named
    data_name, model_name = f"{name[:_NAME_LENGTH]}-labels", f"{name[:_NAME_LENGTH]}-model"
    training = {"task": model.task.value, "dataset": data_name, "budget": model.budget}
    return (build_manifest("Dataset", data_name, dataset), build_manifest("Model", model_name, training))
