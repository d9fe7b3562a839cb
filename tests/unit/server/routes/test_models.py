"""`/computervision/models`, called as its clients call it."""

import threading
from datetime import UTC, datetime
from typing import Any

import pytest

from darkroom_api.conditions import Reason
from darkroom_api.v1alpha1.common import MeasuredOn, Performance, TagPerformance, Task
from darkroom_api.v1alpha1.model import ModelSpec
from tests.support.server.local import OTHER_KEY, LocalServer
from tests.support.server.running import Answer

TRAINING: dict[str, Any] = {"trainingDatasetName": "fruit", "timeBudgetInHours": 1, "modelKind": "Generic-Classifier"}


def spec_of(server: LocalServer, name: str = "sorter") -> ModelSpec:
    spec = server.find("Model", name).spec
    assert isinstance(spec, ModelSpec)
    return spec


def error_of(answer: Answer) -> tuple[int, str]:
    return answer.status, answer.json["error"]["code"]


def put(server: LocalServer, **training: Any) -> Answer:
    """Ask for a training of a Dataset that is there; a value None leaves its field out."""
    server.put_dataset()
    wanted = {key: value for key, value in (TRAINING | training).items() if value is not None}
    return server.call("PUT", "/models/sorter", {"trainingParameters": wanted})


def test_a_model_answers_at_once_with_every_field_that_clients_need(server: LocalServer) -> None:
    server.put_dataset("Test_Set")
    server.put_dataset()
    answer = server.put_model("My_Model", evaluationParameters={"testDatasetName": "Test_Set"})
    assert answer.status == 201
    told = answer.json
    assert (told["name"], told["status"], told["trainingParameters"]) == ("My_Model", "notStarted", TRAINING)
    assert told["evaluationParameters"] == {"testDatasetName": "Test_Set"}
    assert told["createdDateTime"].endswith("Z")
    assert not {"error", "modelPerformance", "trainingCostInMinutes"} & set(told)
    spec = spec_of(server, "My_Model")
    assert (spec.dataset, spec.evaluation_dataset) == (
        server.find("Dataset", "fruit").name, server.find("Dataset", "Test_Set").name,
    )  # fmt: skip


def test_pascal_case_is_read_at_every_depth(server: LocalServer) -> None:
    server.put_dataset()
    body = {"TrainingParameters": {"TrainingDatasetName": "fruit", "TimeBudgetInHours": 2, "ModelKind": None}}
    answer = server.call("PUT", "/models/sorter", body)
    assert (answer.status, answer.json["trainingParameters"]["timeBudgetInHours"]) == (201, 2)


BUDGETS: dict[str, tuple[Any, str, Any]] = {
    "a whole number": (3, "3h", 3),
    "a decimal": (0.02, "1m12s", 0.02),
    "a decimal that is whole": (2.0, "2h", 2),
    "the most": (1344, "1344h", 1344),
    "less than a second": (0.0001, "1s", 0.000278),
    "between two seconds": (0.0123, "44s", 0.012222),
}


@pytest.mark.parametrize(("hours", "budget", "told"), BUDGETS.values(), ids=BUDGETS.keys())
def test_a_budget_in_hours_becomes_seconds_and_is_never_more(
    hours: float, budget: str, told: float, server: LocalServer
) -> None:
    answer = put(server, timeBudgetInHours=hours)
    assert (answer.status, spec_of(server).budget) == (201, budget)
    assert answer.json["trainingParameters"]["timeBudgetInHours"] == told


WORDS: dict[str, tuple[str | None, str, Task, str]] = {
    "today's word": ("Generic-Classifier", "imageClassification", Task.CLASSIFIER, "Generic-Classifier"),
    "an older word": ("GenericClassifier", "imageClassification", Task.CLASSIFIER, "Generic-Classifier"),
    "small letters": ("generic-detector", "imageObjectDetection", Task.DETECTOR, "Generic-Detector"),
    "an older detector": ("GenericDetector", "imageObjectDetection", Task.DETECTOR, "Generic-Detector"),
    "products": ("Product-Recognizer", "imageObjectDetection", Task.PRODUCT_RECOGNIZER, "Product-Recognizer"),
    "a page's products": (
        "ProductRecognitionModel", "imageObjectDetection", Task.PRODUCT_RECOGNIZER, "Product-Recognizer",
    ),
    "none, with tags": (None, "imageClassification", Task.CLASSIFIER, "Generic-Classifier"),
    "none, with boxes": (None, "imageObjectDetection", Task.DETECTOR, "Generic-Detector"),
    "none, with any number of tags": (
        None, "imageMultilabelClassification", Task.MULTILABEL_CLASSIFIER, "Generic-Classifier",
    ),
    "a classifier of any number of tags": (
        "Generic-Classifier", "imageMultilabelClassification", Task.MULTILABEL_CLASSIFIER, "Generic-Classifier",
    ),
    "a word that does not fit the Dataset": (
        "Generic-Classifier", "imageObjectDetection", Task.CLASSIFIER, "Generic-Classifier",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("word", "kind", "task", "told"), WORDS.values(), ids=WORDS.keys())
def test_the_kind_of_a_model_is_read_in_old_and_new_words_or_from_its_dataset(
    word: str | None, kind: str, task: Task, told: str, server: LocalServer
) -> None:
    server.put_dataset(annotationKind=kind)
    training = {key: value for key, value in (TRAINING | {"modelKind": word}).items() if value is not None}
    answer = server.call("PUT", "/models/sorter", {"trainingParameters": training})
    assert (answer.status, spec_of(server).task) == (201, task)
    assert answer.json["trainingParameters"]["modelKind"] == told


WRONG: dict[str, tuple[dict[str, Any], str, str]] = {
    "no Dataset": ({"trainingDatasetName": None}, "InvalidRequest", "trainingParameters.trainingDatasetName"),
    "a Dataset that is not there": (
        {"trainingDatasetName": "pears"}, "DatasetNotFound", "trainingParameters.trainingDatasetName",
    ),
    "a Dataset's name that is none": (
        {"trainingDatasetName": "../x"}, "InvalidRequest", "trainingParameters.trainingDatasetName",
    ),
    "a number for a Dataset": ({"trainingDatasetName": 1}, "InvalidRequest", "trainingParameters.trainingDatasetName"),
    "no budget": ({"timeBudgetInHours": None}, "InvalidRequest", "trainingParameters.timeBudgetInHours"),
    "a budget of nothing": ({"timeBudgetInHours": 0}, "InvalidRequest", "trainingParameters.timeBudgetInHours"),
    "less than nothing": ({"timeBudgetInHours": -1}, "InvalidRequest", "trainingParameters.timeBudgetInHours"),
    "more than the most": ({"timeBudgetInHours": 1345}, "InvalidRequest", "trainingParameters.timeBudgetInHours"),
    "a text": ({"timeBudgetInHours": "1"}, "InvalidRequest", "trainingParameters.timeBudgetInHours"),
    "true": ({"timeBudgetInHours": True}, "InvalidRequest", "trainingParameters.timeBudgetInHours"),
    "an unknown kind": ({"modelKind": "Generic-Poet"}, "InvalidRequest", "trainingParameters.modelKind"),
    "a list of kinds": ({"modelKind": ["Generic-Detector"]}, "InvalidRequest", "trainingParameters.modelKind"),
}  # fmt: skip


@pytest.mark.parametrize(("training", "code", "target"), WRONG.values(), ids=WRONG.keys())
def test_a_wrong_body_is_refused_with_the_name_of_its_field(
    training: dict[str, Any], code: str, target: str, server: LocalServer
) -> None:
    answer = put(server, **training)
    assert error_of(answer) == (400, code), answer.body
    assert answer.json["error"]["target"] == target
    assert server.call("GET", "/models/sorter").status == 404


@pytest.mark.parametrize("body", [{}, {"trainingParameters": None}, {"trainingParameters": []}])
def test_a_body_without_parameters_is_refused(body: dict[str, Any], server: LocalServer) -> None:
    answer = server.call("PUT", "/models/sorter", body)
    assert error_of(answer) == (400, "InvalidRequest")
    assert answer.json["error"]["target"] == "trainingParameters"


def test_a_test_dataset_that_is_not_there_is_refused(server: LocalServer) -> None:
    server.put_dataset()
    answer = server.put_model(evaluationParameters={"testDatasetName": "june"})
    assert error_of(answer) == (400, "DatasetNotFound")
    assert answer.json["error"]["target"] == "evaluationParameters.testDatasetName"


def test_a_model_goes_from_not_started_to_succeeded_with_scores_and_cost(server: LocalServer) -> None:
    put(server)
    server.begin()
    assert server.call("GET", "/models/sorter").json["status"] == "training"
    tags = {"Apple": TagPerformance(accuracy=0.5)}
    scores = Performance(measured_on=MeasuredOn.HOLD_OUT, images=8, accuracy_top1=0.75, tag_performance=tags)
    server.end(performance=scores)
    told = server.call("GET", "/models/sorter").json
    assert (told["status"], told["trainingCostInMinutes"]) == ("succeeded", 2)
    assert told["modelPerformance"]["accuracyTop1"] == 0.75
    assert told["modelPerformance"]["tagPerformance"] == {"Apple": {"accuracy": 0.5}}
    assert "error" not in told
    assert told["updatedDateTime"] >= told["createdDateTime"]


def test_tag_performance_is_there_though_it_did_not_fit_the_status(server: LocalServer) -> None:
    put(server)
    server.end(performance=Performance(measured_on=MeasuredOn.HOLD_OUT, images=8, accuracy_top1=0.75))
    assert server.call("GET", "/models/sorter").json["modelPerformance"]["tagPerformance"] == {}


ERRORS: dict[Reason, str] = {
    Reason.TRAINING_DIVERGED: "diverged",
    Reason.BUDGET_NOT_ENOUGH: "notEnoughBudget",
    Reason.DATASET_CORRUPT: "datasetCorrupt",
    Reason.INCORRECT_MODEL_KIND: "datasetCorrupt",
    Reason.DATASET_NOT_FOUND: "datasetNotFound",
    Reason.OUT_OF_MEMORY: "unknown",
    Reason.UNKNOWN: "unknown",
}


@pytest.mark.parametrize(("reason", "code"), ERRORS.items(), ids=ERRORS.keys())
def test_a_failure_has_the_services_word_and_no_key_that_clients_cannot_take(
    reason: Reason, code: str, server: LocalServer
) -> None:
    put(server)
    server.end(reason=reason, message="what to do")
    told = server.call("GET", "/models/sorter").json
    assert told["status"] == "failed"
    assert told["error"] == {"code": code, "message": "what to do"}
    assert "modelPerformance" not in told


def test_cancelling_answers_with_the_model_and_is_told_until_it_is_done(server: LocalServer) -> None:
    put(server)
    server.begin()
    answer = server.call("POST", "/models/sorter:cancel")
    assert (answer.status, answer.json["name"], answer.json["status"]) == (202, "sorter", "cancelling")
    assert server.call("GET", "/models/sorter").json["status"] == "cancelling"
    server.end(reason=Reason.CANCELLED)
    told = server.call("GET", "/models/sorter").json
    assert (told["status"], told["trainingCostInMinutes"]) == ("cancelled", 2)
    assert "error" not in told


def test_cancelling_what_has_ended_changes_nothing(server: LocalServer) -> None:
    put(server)
    server.end()
    answer = server.call("POST", "/models/sorter:cancel")
    assert (answer.status, answer.json["status"]) == (202, "succeeded")
    assert spec_of(server).cancel is None


def test_what_is_not_there_can_be_neither_read_nor_cancelled_nor_deleted(server: LocalServer) -> None:
    for method, path in (("GET", "/models/none"), ("POST", "/models/none:cancel"), ("DELETE", "/models/none")):
        assert error_of(server.call(method, path)) == (404, "404")


def test_a_model_is_deleted_once_it_has_ended(server: LocalServer) -> None:
    put(server)
    assert error_of(server.call("DELETE", "/models/sorter")) == (409, "ModelNotDeletable")
    server.begin()
    assert server.call("DELETE", "/models/sorter").status == 409
    server.call("POST", "/models/sorter:cancel")
    assert server.call("DELETE", "/models/sorter").status == 409
    server.end(reason=Reason.CANCELLED)
    assert server.call("DELETE", "/models/sorter").status == 204
    assert server.call("GET", "/models/sorter").status == 404


def test_a_dataset_that_a_model_uses_is_deleted_at_once_and_the_model_names_it_still(server: LocalServer) -> None:
    put(server)
    assert server.call("DELETE", "/datasets/fruit").status == 204
    assert server.call("GET", "/models/sorter").json["trainingParameters"]["trainingDatasetName"] == "fruit"


def test_a_name_is_taken_once_even_at_the_same_time(server: LocalServer) -> None:
    server.put_dataset()
    found: list[int] = []
    callers = [threading.Thread(target=lambda: found.append(server.put_model().status)) for _ in range(4)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert sorted(found) == [201, 409, 409, 409]
    assert error_of(server.put_model()) == (409, "ModelAlreadyExists")


def test_lists_show_the_newest_first_in_pages(server: LocalServer) -> None:
    server.put_dataset()
    for number in range(3):
        server.put_model(f"m{number}")
    told = server.call("GET", "/models", query="top=2").json
    assert [item["name"] for item in told["value"]] == ["m2", "m1"]
    assert "skip=2" in told["nextLink"]
    assert server.call("GET", "/models", key=OTHER_KEY).json == {"value": []}


def test_another_key_cannot_train_on_a_dataset_that_it_does_not_see(server: LocalServer) -> None:
    server.put_dataset()
    answer = server.call("PUT", "/models/sorter", {"trainingParameters": TRAINING}, key=OTHER_KEY)
    assert error_of(answer) == (400, "DatasetNotFound")


@pytest.mark.parametrize("name", ["a:b", "..", "%ff", "a" * 256, "-a"])
def test_a_name_that_is_none_is_refused(name: str, server: LocalServer) -> None:
    server.put_dataset()
    assert server.call("PUT", f"/models/{name}", {"trainingParameters": TRAINING}).status == 400


def test_resources_of_kubectl_appear_under_their_own_names(server: LocalServer) -> None:
    metadata = {"name": "digits.v1"}
    dataset = {"annotationKind": "imageClassification", "annotationFiles": ["s3://vision/train.json"]}
    model = {"task": "classifier", "dataset": "digits.v1", "budget": "90m"}
    store = server.backend.store
    for kind, spec in (("Dataset", dataset), ("Model", model)):
        document = {"apiVersion": "darkroom.dev/v1alpha1", "kind": kind, "metadata": metadata, "spec": spec}
        store.create(kind, "default", document)  # type: ignore[arg-type]
    told = server.call("GET", "/models/digits.v1").json
    assert told["trainingParameters"] == {
        "trainingDatasetName": "digits.v1", "timeBudgetInHours": 1.5, "modelKind": "Generic-Classifier",
    }  # fmt: skip
    assert server.put_model("digits.v1", "digits.v1").status == 409
    assert server.put_model("other", "digits.v1").status == 201
    assert server.call("GET", "/datasets/digits.v1").json["annotationFileUris"] == ["s3://vision/train.json"]


def test_moments_are_told_in_utc_with_milliseconds(server: LocalServer) -> None:
    told = put(server).json["createdDateTime"]
    assert abs((datetime.fromisoformat(told) - datetime.now(UTC)).total_seconds()) < 60
    assert len(told) == len("2026-01-01T00:00:00.000Z")
