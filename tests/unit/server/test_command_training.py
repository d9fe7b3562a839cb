"""`darkroom serve --local` as its users run it: one real training and a prediction, by the service's own samples."""

import pathlib
import time
from collections.abc import Iterator

import pytest
from cognitive_service_vision_model_customization_python_samples.clients.dataset_client import DatasetClient
from cognitive_service_vision_model_customization_python_samples.clients.evaluation_client import EvaluationClient
from cognitive_service_vision_model_customization_python_samples.clients.prediction_client import PredictionClient
from cognitive_service_vision_model_customization_python_samples.clients.training_client import TrainingClient
from cognitive_service_vision_model_customization_python_samples.models import (
    AnnotationKind,
    Dataset,
    Evaluation,
    EvaluationStatus,
    Model,
    ModelKind,
    ModelStatus,
    TrainingParameters,
)

from darkroom_trainer.command import main as darkroom
from tests.support.server.served import Served

HOURS = 0.012


@pytest.fixture
def data(tmp_path: pathlib.Path) -> pathlib.Path:
    assert darkroom(["samples", "digits", "--to", str(tmp_path / "data"), "--shots", "6"]) == 0
    return tmp_path / "data"


@pytest.fixture
def served(tmp_path: pathlib.Path, data: pathlib.Path) -> Iterator[list[Served]]:
    running = [Served(tmp_path / "state", data)]
    yield running
    running[-1].stop()


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_samples_train_across_a_kill_evaluate_and_predict(
    served: list[Served], tmp_path: pathlib.Path, data: pathlib.Path
) -> None:
    datasets = served[0].client(DatasetClient)
    for name, file in (("Digits", "train.json"), ("Digits_Test", "eval.json")):
        datasets.register_dataset(Dataset(name, AnnotationKind.MULTICLASS_CLASSIFICATION, [(data / file).as_uri()]))
    training = served[0].client(TrainingClient)
    training.train_model(Model("My_Model", TrainingParameters("Digits", HOURS, ModelKind.GENERIC_IC)))
    while training.query_model("My_Model").status is ModelStatus.NOT_STARTED:
        time.sleep(0.2)
    assert training.query_model("My_Model").status is ModelStatus.TRAINING
    served[0].kill()
    served.append(Served(tmp_path / "state", data))
    training = served[1].client(TrainingClient)
    ended = training.wait_for_training_completion("My_Model", 0.5)
    assert ended.status is ModelStatus.SUCCEEDED, ended.error
    assert ended.training_cost_in_minutes == 1
    assert ended.model_performance["accuracyTop1"] > 0.5
    image = sorted((data / "images").iterdir())[0].read_bytes()
    answer = served[1].client(PredictionClient).predict("My_Model", image, "image/png")
    values = answer["customModelResult"]["tagsResult"]["values"]
    assert len(values) == 10
    assert [value["confidence"] for value in values] == sorted((value["confidence"] for value in values), reverse=True)
    evaluation = served[1].client(EvaluationClient)
    evaluation.evaluate(Evaluation("test_eval", "My_Model", "Digits_Test"))
    measured = evaluation.wait_for_completion("test_eval", "My_Model", 0.5)
    assert measured.status is EvaluationStatus.SUCCEEDED, measured.error
    assert measured.model_performance["accuracyTop1"] > 0.5
    training.delete_model("My_Model")
    assert not list((tmp_path / "state" / "artifacts" / "models").glob("my-model-*"))
