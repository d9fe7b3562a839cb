"""A finished model is measured on a dataset by its own task's score, against what the dataset says."""

import dataclasses
import pathlib

import numpy as np
import pytest
import safetensors.torch

from darkroom_api.conditions import Reason
from darkroom_api.v1alpha1.common import MeasuredOn, Task
from darkroom_predict import description
from darkroom_trainer.data.records.dataset import LoadedDataset
from darkroom_trainer.prediction.measurement import measure_model
from darkroom_trainer.runtime.errors import RunError
from darkroom_trainer.runtime.reporting import SilentReporter
from tests.support.learning import LABELS, write_squares
from tests.support.models import a_description, a_model
from tests.support.run_support import load
from tests.unit.trainer.tiny_runs import a_source


def write_model(folder: pathlib.Path, task: Task) -> description.ModelDescription:
    described = dataclasses.replace(a_description(task), labels=LABELS)
    folder.mkdir()
    safetensors.torch.save_file(a_model(described).state_dict(), folder / description.WEIGHTS_NAME)
    return described


def load_squares(folder: pathlib.Path, task: Task) -> LoadedDataset:
    return load(a_source(task, write_squares(folder / "data", 6, boxed=task is Task.DETECTOR)), folder / "work")


@pytest.mark.parametrize("task", [Task.CLASSIFIER, Task.DETECTOR], ids=str)
def test_every_image_is_predicted_and_scored(task: Task, tmp_path: pathlib.Path) -> None:
    dataset, described = load_squares(tmp_path, task), write_model(tmp_path / "model", task)
    measured = measure_model(tmp_path / "model", described, dataset, tmp_path, SilentReporter())
    assert (measured.performance.measured_on, measured.performance.images) == (MeasuredOn.EVALUATION_DATASET, 6)
    assert len(measured.predictions) == len(measured.truths) == len(measured.rows) == 6
    assert [truth.labels.tolist() for truth in measured.truths] == [[1], [2], [0], [1], [2], [0]]
    if task is Task.CLASSIFIER:
        best = [prediction.labels[np.argmax(prediction.scores)] for prediction in measured.predictions]
        right = [int(label) in truth.labels for label, truth in zip(best, measured.truths, strict=True)]
        assert measured.performance.accuracy_top1 == pytest.approx(np.mean(right), abs=1e-4)


def test_weights_of_another_model_are_refused(tmp_path: pathlib.Path) -> None:
    dataset = load_squares(tmp_path, Task.DETECTOR)
    write_model(tmp_path / "model", Task.CLASSIFIER)
    other = dataclasses.replace(a_description(Task.DETECTOR), labels=LABELS)
    with pytest.raises(RunError, match="does not fit its description") as refused:
        measure_model(tmp_path / "model", other, dataset, tmp_path, SilentReporter())
    assert refused.value.reason is Reason.INVALID_CONFIGURATION
