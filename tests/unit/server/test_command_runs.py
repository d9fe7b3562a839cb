"""`darkroom serve --local` with a product recognizer trained on the sample shelves: its runs outlive a kill."""

import json
import pathlib
from collections.abc import Iterator

import pytest
from cognitive_service_vision_model_customization_python_samples.clients.dataset_client import DatasetClient
from cognitive_service_vision_model_customization_python_samples.clients.product_recognition_client import (
    ProductRecognitionClient,
)
from cognitive_service_vision_model_customization_python_samples.clients.training_client import TrainingClient
from cognitive_service_vision_model_customization_python_samples.models import (
    AnnotationKind,
    Dataset,
    Model,
    ModelKind,
    ModelStatus,
    ProductRecognition,
    ProductRecognitionStatus,
    TrainingParameters,
)

from darkroom_api.v1alpha1.common import Task
from darkroom_server.runs.product_models import BUILT_IN
from darkroom_trainer.command import main as darkroom
from tests.support.server.finished import finish_model
from tests.support.server.local import serving
from tests.support.server.models import draw
from tests.support.server.served import Served

HOURS = 0.02
FLAGS = ("--product-model", "shelf")


@pytest.fixture
def data(tmp_path: pathlib.Path) -> pathlib.Path:
    assert darkroom(["samples", "shelves", "--to", str(tmp_path / "data"), "--shots", "8"]) == 0
    return tmp_path / "data"


@pytest.fixture
def served(tmp_path: pathlib.Path, data: pathlib.Path) -> Iterator[list[Served]]:
    running = [Served(tmp_path / "state", data, *FLAGS)]
    yield running
    running[-1].stop()


def test_runs_are_there_after_a_kill_and_the_built_in_model_is_the_one_that_was_named(tmp_path: pathlib.Path) -> None:
    with serving(tmp_path / "state") as local:
        finish_model(local, "shelf", task=Task.PRODUCT_RECOGNIZER)
    picture = draw(("red", 0, 0), ("blue", 2, 1))
    first = Served(tmp_path / "state", tmp_path, *FLAGS)
    client = first.client(ProductRecognitionClient)
    for model in ("shelf", BUILT_IN):
        client.create_run(ProductRecognition("Run_1", model), picture, "image/png")
        client.wait_for_completion("Run_1", model, 0.05)
    first.kill()
    second = Served(tmp_path / "state", tmp_path, *FLAGS)
    client = second.client(ProductRecognitionClient)
    found = [client.query_run("Run_1", model).result["products"] for model in ("shelf", BUILT_IN)]
    second.stop()
    tags = [[product["tags"][0]["name"] for product in products] for products in found]
    assert tags == [["red", "blue"], ["product", "product"]]


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_samples_recognize_products_and_a_run_is_there_after_a_kill(
    served: list[Served], tmp_path: pathlib.Path, data: pathlib.Path
) -> None:
    kind = AnnotationKind.OBJECT_DETECTION
    served[0].client(DatasetClient).register_dataset(Dataset("shelves", kind, [(data / "train.json").as_uri()]))
    training = served[0].client(TrainingClient)
    training.train_model(Model("shelf", TrainingParameters("shelves", HOURS, ModelKind.PRODUCT_RECOGNIZER)))
    ended = training.wait_for_training_completion("shelf", 0.5)
    assert ended.status is ModelStatus.SUCCEEDED, ended.error
    listed = json.loads((data / "eval.json").read_text())
    names = {category["name"] for category in listed["categories"]} - {"gap"}
    image = sorted((data / "images").glob("eval*"))[0].read_bytes()
    client = served[0].client(ProductRecognitionClient)
    for model, known in (("shelf", names), (BUILT_IN, {"product"})):
        client.create_run(ProductRecognition("Run_1", model), image, "image/png")
        run = client.wait_for_completion("Run_1", model, 0.1)
        assert run.status is ProductRecognitionStatus.SUCCEEDED, run.error
        assert run.result["products"]
        assert {product["tags"][0]["name"] for product in run.result["products"]} <= known
        found = run.result["products"] + run.result["gaps"]
        assert len({one["id"] for one in found}) == len(found)
    client.create_run(ProductRecognition("Run_2", "shelf"), image, "image/png")
    served[0].kill()
    served.append(Served(tmp_path / "state", data, *FLAGS))
    client = served[1].client(ProductRecognitionClient)
    assert client.query_run("Run_1", "shelf").status is ProductRecognitionStatus.SUCCEEDED
    assert client.wait_for_completion("Run_2", "shelf", 0.5).status is ProductRecognitionStatus.SUCCEEDED
    client.delete_run("Run_2", "shelf")
    assert len(list((tmp_path / "state" / "runs" / "default").iterdir())) == 2
