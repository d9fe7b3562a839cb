"""The retired service's own Python samples as clients of the facade: their dataset, training and evaluation clients."""

from typing import Any

import pytest
import requests
from cognitive_service_vision_model_customization_python_samples.clients.dataset_client import DatasetClient
from cognitive_service_vision_model_customization_python_samples.clients.evaluation_client import EvaluationClient
from cognitive_service_vision_model_customization_python_samples.clients.training_client import TrainingClient
from cognitive_service_vision_model_customization_python_samples.models import (
    AnnotationKind,
    Authentication,
    AuthenticationKind,
    Dataset,
    Evaluation,
    EvaluationParameters,
    EvaluationStatus,
    Model,
    ModelKind,
    ModelStatus,
    TrainingParameters,
)

from darkroom_api.conditions import Reason
from darkroom_api.v1alpha1.common import MeasuredOn, Performance
from tests.support.server.local import LocalServer
from tests.support.server.parts import KEY

NO_WAIT = 0.01
URI = "https://data.example/train.json"
SCORES = Performance(measured_on=MeasuredOn.HOLD_OUT, images=8, accuracy_top1=0.75)


def a_client(kind: Any, server: LocalServer) -> Any:
    """Return one of the samples' clients; they take any path of the endpoint away."""
    return kind("multi_service_account", None, f"{server.address}/some/path", KEY)


def register(server: LocalServer, name: str = "fruit", authentication: Any = None) -> Any:
    dataset = Dataset(name, AnnotationKind.MULTICLASS_CLASSIFICATION, [URI], authentication or Authentication())
    return a_client(DatasetClient, server).register_dataset(dataset)


def train(server: LocalServer, hours: float = 1, evaluation: Any = None) -> Any:
    parameters = TrainingParameters("fruit", hours, ModelKind.GENERIC_IC)
    return a_client(TrainingClient, server).train_model(Model("sorter_1", parameters, evaluation))


@pytest.mark.parametrize(
    "authentication",
    [Authentication(), Authentication(AuthenticationKind.SAS, "?sv=1&sig=made-up-signature")],
    ids=["the client's default", "sas"],
)
def test_a_dataset_is_registered_read_changed_and_deleted(authentication: Any, server: LocalServer) -> None:
    made = register(server, authentication=authentication)
    assert (made.name, made.annotation_file_uris) == ("fruit", [URI])
    assert made.authentication.kind is authentication.kind
    assert made.authentication.sas_token is None
    client = a_client(DatasetClient, server)
    other = f"{URI}l"
    changed = client.update_dataset(
        Dataset("fruit", AnnotationKind.OBJECT_DETECTION, [other], authentication, {"A": "b"})
    )
    assert changed.annotation_kind is AnnotationKind.OBJECT_DETECTION
    assert client.query_dataset("fruit").annotation_file_uris == [other]
    client.delete_dataset("fruit")
    with pytest.raises(requests.HTTPError, match="404"):
        client.query_dataset("fruit")


def test_a_dataset_without_authentication_is_one_that_the_client_can_read(server: LocalServer) -> None:
    server.put_dataset(authentication={"kind": "none"})
    assert a_client(DatasetClient, server).query_dataset("fruit").authentication is None


def test_a_training_is_asked_for_followed_and_deleted(server: LocalServer) -> None:
    register(server)
    register(server, "june")
    made = train(server, 0.02, EvaluationParameters("june"))
    assert made.status is ModelStatus.NOT_STARTED
    assert (made.training_params.time_budget_in_hours, made.training_params.model_kind) == (0.02, ModelKind.GENERIC_IC)
    assert made.evaluation_params.test_dataset_name == "june"
    client = a_client(TrainingClient, server)
    server.begin("sorter_1")
    assert client.query_model("sorter_1").status is ModelStatus.TRAINING
    server.end("sorter_1", performance=SCORES)
    ended = client.wait_for_training_completion("sorter_1", NO_WAIT)
    assert (ended.status, ended.training_cost_in_minutes) == (ModelStatus.SUCCEEDED, 2)
    assert ended.model_performance["accuracyTop1"] == 0.75
    client.delete_model("sorter_1")
    with pytest.raises(requests.HTTPError, match="404"):
        client.query_model("sorter_1")


def test_a_failure_becomes_the_clients_own_error(server: LocalServer) -> None:
    register(server)
    train(server)
    server.end("sorter_1", Reason.BUDGET_NOT_ENOUGH, "give 2 hours")
    ended = a_client(TrainingClient, server).wait_for_training_completion("sorter_1", NO_WAIT)
    assert (ended.error.code, ended.error.message) == ("notEnoughBudget", "give 2 hours")


def test_a_training_is_cancelled(server: LocalServer) -> None:
    register(server)
    train(server)
    client = a_client(TrainingClient, server)
    client.cancel_model_training("sorter_1")
    assert client.query_model("sorter_1").status is ModelStatus.CANCELLING
    server.end("sorter_1", Reason.CANCELLED)
    assert client.wait_for_training_completion("sorter_1", NO_WAIT).status is ModelStatus.CANCELLED


@pytest.mark.parametrize("reason", [Reason.SUCCEEDED, Reason.DATASET_CORRUPT])
def test_an_evaluation_is_asked_for_through_doubled_slashes_and_followed(reason: Reason, server: LocalServer) -> None:
    register(server)
    train(server)
    server.end("sorter_1")
    client = a_client(EvaluationClient, server)
    made = client.evaluate(Evaluation("test_eval", "sorter_1", "fruit"))
    assert (made.name, made.model_name, made.status) == ("test_eval", "sorter_1", EvaluationStatus.NOT_STARTED)
    server.end("test_eval", reason, kind="Evaluation", performance=SCORES)
    ended = client.wait_for_completion("test_eval", "sorter_1", NO_WAIT)
    good = reason is Reason.SUCCEEDED
    assert ended.status is (EvaluationStatus.SUCCEEDED if good else EvaluationStatus.FAILED)
    assert (ended.model_performance is not None) is good


def test_the_training_clients_evaluations_work_too(server: LocalServer) -> None:
    register(server)
    train(server)
    server.end("sorter_1")
    client = a_client(TrainingClient, server)
    client.evaluate_model(Evaluation("e", "sorter_1", "fruit"))
    assert client.query_model_evaluation("sorter_1", "e").eval_params.test_dataset_name == "fruit"
    server.end("e", kind="Evaluation", performance=SCORES)
    client.delete_model_evaluation("sorter_1", "e")
    with pytest.raises(requests.HTTPError, match="404"):
        client.query_model_evaluation("sorter_1", "e")
