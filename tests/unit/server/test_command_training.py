"""`darkroom serve --local` as its users run it: one real training and a prediction, by the service's own samples."""

import pathlib
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

import pytest
import requests
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

HOURS = 0.008
START_SECONDS = 60.0


@pytest.fixture
def data(tmp_path: pathlib.Path) -> pathlib.Path:
    assert darkroom(["samples", "digits", "--to", str(tmp_path / "data"), "--shots", "6"]) == 0
    return tmp_path / "data"


class Served:
    """The process, and its clients."""

    def __init__(self, state: pathlib.Path, data: pathlib.Path) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        flags = ["--local", str(state), "--port", str(port), "--allow-folder", str(data)]
        self.address = f"http://127.0.0.1:{port}"
        self.process = subprocess.Popen([sys.executable, "-m", "darkroom_trainer.command", "serve", *flags])
        self._key_file = state / "key"
        ends_at = time.monotonic() + START_SECONDS
        while not self._answers():
            assert time.monotonic() < ends_at
            assert self.process.poll() is None
            time.sleep(0.1)

    def _answers(self) -> bool:
        try:
            return requests.get(f"{self.address}/v2/health/live", timeout=5).ok
        except requests.ConnectionError:
            return False

    def client(self, kind: Any) -> Any:
        """Return one of the samples' clients."""
        return kind("multi_service_account", None, self.address, self._key_file.read_text().strip())

    def kill(self) -> None:
        """End the process without a word."""
        self.process.kill()
        self.process.wait()

    def stop(self) -> None:
        """End it as a user would."""
        self.process.terminate()
        self.process.wait(40)


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
