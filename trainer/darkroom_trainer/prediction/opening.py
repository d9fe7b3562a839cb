"""A finished model in a bucket, made ready to answer: from its ONNX file where there is one, else from its weights.

Owns the order: whether its task suits a Dataset is asked before anything large is fetched. Must not import torch before
there is a model without an ONNX file.
"""

import pathlib
from dataclasses import dataclass

from darkroom_api.conditions import Reason
from darkroom_api.run_config import DatasetSource, Location
from darkroom_predict.description import DESCRIPTION_NAME, ONNX_NAME, WEIGHTS_NAME, ModelDescription, read_description
from darkroom_predict.loading import Predictor, open_predictor
from darkroom_trainer.data import annotations
from darkroom_trainer.export import artifacts
from darkroom_trainer.prediction.weights_model import open_weights
from darkroom_trainer.runtime import cpus
from darkroom_trainer.runtime.errors import RunError


@dataclass(frozen=True)
class OpenModel:
    """A model that answers, with the digest of its files."""

    predictor: Predictor
    digest: str

    @property
    def description(self) -> ModelDescription:
        """Return what the model says of itself."""
        return self.predictor.description


def open_model(location: Location | None, dataset: DatasetSource, folder: pathlib.Path) -> OpenModel:
    """Return the model at `location`, fetched into `folder`.

    Raises RunError: InvalidConfiguration, StorageUnavailable, IncorrectModelKind where the Dataset's annotations do not
    suit its task. ModelUnusable where this version cannot use it.
    """
    if location is None:
        raise RunError(Reason.INVALID_CONFIGURATION, "model: a prediction needs it")
    listed = artifacts.fetch_model(location, folder, [DESCRIPTION_NAME])
    task = read_description(folder).task
    annotations.check_annotation_kind(dataset.name, dataset.annotation_kind, task, Reason.INCORRECT_MODEL_KIND, "model")
    artifacts.fetch_model(location, folder, [ONNX_NAME if ONNX_NAME in listed.files else WEIGHTS_NAME])
    return OpenModel(open_predictor(folder, cpus.find_threads(), open_weights), listed.digest)
