"""`/computervision/models/{model}/evaluations`, called as its clients call it."""

from typing import Any

import pytest

from darkroom_api.conditions import Reason
from darkroom_api.v1alpha1.common import MeasuredOn, Performance
from darkroom_api.v1alpha1.evaluation import EvaluationSpec
from tests.support.server.local import LocalServer
from tests.support.server.running import Answer

PATH = "/models/sorter/evaluations"
BODY: dict[str, Any] = {"evaluationParameters": {"testDatasetName": "june"}}
SCORES = Performance(measured_on=MeasuredOn.EVALUATION_DATASET, images=8, accuracy_top1=0.5)


@pytest.fixture
def measured(server: LocalServer) -> LocalServer:
    """A server with a finished Model, and a Dataset to measure it on."""
    server.put_dataset()
    server.put_dataset("june")
    server.put_model()
    server.end()
    return server


def error_of(answer: Answer) -> tuple[int, str]:
    return answer.status, answer.json["error"]["code"]


@pytest.mark.parametrize("method", ["PUT", "POST"])
def test_an_evaluation_is_asked_for_and_read(method: str, measured: LocalServer) -> None:
    answer = measured.call(method, f"{PATH}/test_eval", BODY)
    assert answer.status == 201
    told = answer.json
    assert (told["name"], told["modelName"], told["status"]) == ("test_eval", "sorter", "notStarted")
    assert told["evaluationParameters"] == {"testDatasetName": "june"}
    assert not {"error", "modelPerformance"} & set(told)
    assert measured.call("GET", f"{PATH}/test_eval").json == told
    spec = measured.find("Evaluation", "test_eval").spec
    assert isinstance(spec, EvaluationSpec)
    assert (spec.model, spec.dataset) == (measured.find("Model", "sorter").name, measured.find("Dataset", "june").name)


def test_pascal_case_and_doubled_slashes_are_taken(measured: LocalServer) -> None:
    body = {"EvaluationParameters": {"TestDatasetName": "june"}}
    assert measured.call("PUT", f"/{PATH}/e", body).status == 201


def test_scores_are_told_once_it_has_succeeded(measured: LocalServer) -> None:
    measured.call("PUT", f"{PATH}/e", BODY)
    measured.end("e", kind="Evaluation", performance=SCORES)
    told = measured.call("GET", f"{PATH}/e").json
    assert (told["status"], told["modelPerformance"]["accuracyTop1"]) == ("succeeded", 0.5)
    assert told["modelPerformance"]["tagPerformance"] == {}


ERRORS: dict[Reason, str] = {
    Reason.DATASET_NOT_FOUND: "datasetNotFound",
    Reason.DATASET_CORRUPT: "datasetCorrupt",
    Reason.INCORRECT_MODEL_KIND: "incorrectModelKind",
    Reason.BUDGET_NOT_ENOUGH: "modelNotFound",
    Reason.UNKNOWN: "internalServerError",
}


@pytest.mark.parametrize(("reason", "code"), ERRORS.items(), ids=ERRORS.keys())
def test_a_failure_has_the_services_word(reason: Reason, code: str, measured: LocalServer) -> None:
    measured.call("PUT", f"{PATH}/e", BODY)
    measured.end("e", reason, "what to do", kind="Evaluation")
    told = measured.call("GET", f"{PATH}/e").json
    assert (told["status"], told["error"]) == ("failed", {"code": code, "message": "what to do"})


def test_an_evaluation_is_deleted_once_it_has_ended(measured: LocalServer) -> None:
    measured.call("PUT", f"{PATH}/e", BODY)
    assert error_of(measured.call("DELETE", f"{PATH}/e")) == (409, "EvaluationNotDeletable")
    measured.end("e", kind="Evaluation")
    assert measured.call("DELETE", f"{PATH}/e").status == 204
    assert error_of(measured.call("GET", f"{PATH}/e")) == (404, "404")


def test_a_name_is_unique_within_its_model_only(measured: LocalServer) -> None:
    measured.put_model("other")
    assert measured.call("PUT", f"{PATH}/e", BODY).status == 201
    assert error_of(measured.call("PUT", f"{PATH}/e", BODY)) == (409, "EvaluationAlreadyExists")
    assert measured.call("PUT", "/models/other/evaluations/e", BODY).status == 201
    assert measured.call("GET", "/models/other/evaluations/e").json["modelName"] == "other"


def test_a_list_holds_those_of_its_model_newest_first(measured: LocalServer) -> None:
    measured.put_model("other")
    for name in ("a", "b"):
        measured.call("PUT", f"{PATH}/{name}", BODY)
    measured.call("PUT", "/models/other/evaluations/c", BODY)
    assert [item["name"] for item in measured.call("GET", PATH).json["value"]] == ["b", "a"]
    assert "nextLink" in measured.call("GET", PATH, query="top=1").json


def test_evaluations_go_with_their_model(measured: LocalServer) -> None:
    measured.call("PUT", f"{PATH}/e", BODY)
    measured.end("e", kind="Evaluation")
    assert measured.call("DELETE", "/models/sorter").status == 204
    measured.put_model()
    assert measured.call("GET", PATH).json == {"value": []}
    assert measured.call("PUT", f"{PATH}/e", BODY).status == 201


MISSING: dict[str, tuple[str, dict[str, Any], tuple[int, str]]] = {
    "the Model": ("/models/none/evaluations/e", BODY, (404, "404")),
    "the Dataset": (f"{PATH}/e", {"evaluationParameters": {"testDatasetName": "no"}}, (400, "DatasetNotFound")),
    "the Dataset's name": (f"{PATH}/e", {"evaluationParameters": {}}, (400, "InvalidRequest")),
    "the parameters": (f"{PATH}/e", {}, (400, "InvalidRequest")),
    "a name that is one": (f"{PATH}/..", BODY, (400, "InvalidRequest")),
}


@pytest.mark.parametrize(("path", "body", "error"), MISSING.values(), ids=MISSING.keys())
def test_what_is_missing_is_said(
    path: str, body: dict[str, Any], error: tuple[int, str], measured: LocalServer
) -> None:
    assert error_of(measured.call("PUT", path, body)) == error
