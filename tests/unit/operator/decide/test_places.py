"""Where a run may read and write: what the operator refuses before anything starts."""

from typing import Any

import pytest

from darkroom_api.conditions import Reason
from darkroom_api.v1alpha1.common import SourceStorage
from darkroom_operator.decide import dataset, model, model_use, places
from tests.builders import (
    Json,
    a_config,
    a_dataset_spec,
    a_dataset_view,
    a_model_spec,
    a_model_view,
    an_evaluation_view,
    an_observed_dataset,
    an_observed_model,
)
from tests.prediction_builders import a_prediction_spec, a_prediction_view

INSIDE: Json = {"endpoint": "http://minio.other.svc:9000"}

REFUSED: dict[str, tuple[Json, str]] = {
    "plain http that nobody listed": ({"storage": INSIDE}, "storage.endpoint: `http://minio.other.svc:9000`"),
    "the metadata service": ({"storage": {"endpoint": "http://169.254.169.254"}}, "which no run may reach"),
    "a private address": ({"storage": {"endpoint": "https://10.1.2.3"}}, "add https://10.1.2.3 to allowedEndpoints"),
    "a password in the endpoint": ({"storage": {"endpoint": "https://me:secret@h.test"}}, "a user name or a password"),
    "an annotation file inside": ({"annotationFiles": ["https://minio.other.svc/a.json"]}, "annotationFiles: "),
    "a password in an annotation file": ({"annotationFiles": ["https://me:secret@h.test/a.json"]}, "a user name"),
    "an image root inside": ({"imageRoot": "https://10.0.0.1/images"}, "imageRoot: "),
    "a mapping that leads inside": ({"urlMappings": [{"from": "x", "to": "https://10.0.0.1/"}]}, "urlMappings: "),
    "a mapping that leads to plain http": ({"urlMappings": [{"from": "x", "to": "http://h.test/"}]}, "plain http"),
}


@pytest.mark.parametrize(("spec", "says"), REFUSED.values(), ids=REFUSED.keys())
def test_a_dataset_is_not_read_from(spec: Json, says: str) -> None:
    blocker = dataset.find_blocker(a_dataset_view(spec=a_dataset_spec(**spec)), a_config())
    assert blocker is not None
    assert (blocker.reason, blocker.final) == (Reason.NOT_ALLOWED, False)
    assert says in blocker.message
    assert "secret@" not in blocker.message


def test_the_token_of_an_address_that_is_refused_is_not_told() -> None:
    spec = a_dataset_spec(annotationFiles=["https://10.0.0.1/a.json?sv=1&sig=hidden"])
    blocker = dataset.find_blocker(a_dataset_view(spec=spec), a_config())
    assert blocker is not None
    assert "hidden" not in blocker.message


INSIDE_DATASET = an_observed_dataset(spec=a_dataset_spec(storage=INSIDE))
ROLES: dict[str, tuple[Any, str]] = {
    "a training's dataset": (a_model_view(dataset=INSIDE_DATASET), "dataset: storage.endpoint: "),
    "a training's evaluation dataset": (
        a_model_view(spec=a_model_spec(evaluationDataset="june"), evaluation_dataset=INSIDE_DATASET),
        "evaluationDataset: storage.endpoint: ",
    ),
    "a training's output": (
        a_model_view(spec=a_model_spec(output={"uri": "s3://m/x", "storage": INSIDE})), "output.storage.endpoint: "
    ),
    "an evaluation's dataset": (an_evaluation_view(dataset=INSIDE_DATASET), "dataset: storage.endpoint: "),
    "an evaluated model": (
        an_evaluation_view(model_dataset=INSIDE_DATASET), "model: output.storage.endpoint: "
    ),
    "a Dataset that is answered": (a_prediction_view(dataset=INSIDE_DATASET), "dataset: storage.endpoint: "),
    "a folder that is answered": (
        a_prediction_view(a_prediction_spec(dataset=None, images={"uri": "s3://new", "storage": INSIDE}), dataset=None),
        "images.storage.endpoint: ",
    ),
    "the labels of a Model that answers a folder": (
        a_prediction_view(
            a_prediction_spec(dataset=None, images={"uri": "s3://new"}), dataset=None, model_dataset=INSIDE_DATASET
        ),
        "model: dataset: storage.endpoint: ",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("view", "says"), ROLES.values(), ids=ROLES.keys())
def test_the_endpoint_of_every_role_is_checked(view: Any, says: str) -> None:
    finds = {
        "Model": model.find_blocker,
        "Evaluation": model_use.find_evaluation_blocker,
        "Prediction": model_use.find_prediction_blocker,
    }
    find: Any = finds[view.self_.key.kind]
    blocker = find(view, a_config())
    assert blocker is not None
    assert blocker.reason is Reason.NOT_ALLOWED
    assert blocker.message.startswith(says)
    assert find(view, a_config(allowedEndpoints=["http://s3.example:9000", INSIDE["endpoint"]])) is None


def test_the_administrators_own_storages_count_as_listed() -> None:
    config = a_config(output={"uri": "s3://models", "storage": {"endpoint": "http://10.0.0.9:9000"}})
    spec = a_dataset_spec(storage={"endpoint": "http://10.0.0.9:9000"})
    assert places.check_addresses(spec, config) is None
    assert dataset.find_blocker(a_dataset_view(spec=spec), config) is None


OWN = SourceStorage(endpoint="http://s3.example:9000", service_account_name="darkroom-reader")
OVER_OWN = a_prediction_spec(dataset=None, images={"uri": "s3://new", "storage": OWN})
OWN_OUTPUT = a_model_spec(output={"uri": "s3://vision", "storage": OWN})
WAYS_IN: dict[str, tuple[Any, SourceStorage | None]] = {
    "by its Dataset": (a_prediction_view(), a_dataset_spec().storage),
    "by the Dataset that is answered, where its own is gone": (
        a_prediction_view(dataset=an_observed_dataset(spec=a_dataset_spec(storage=OWN)), model_dataset=None), OWN,
    ),
    "by the folder that is answered, where there is no Dataset": (
        a_prediction_view(OVER_OWN, dataset=None, model_dataset=None), OWN,
    ),
    "by its own output": (a_prediction_view(model=an_observed_model(spec=OWN_OUTPUT)), OWN),
}  # fmt: skip


@pytest.mark.parametrize(("view", "storage"), WAYS_IN.values(), ids=WAYS_IN.keys())
def test_a_finished_model_is_reached(view: Any, storage: SourceStorage | None) -> None:
    assert places.find_places(view, a_config()) == ("s3://vision/fruit/darkroom", storage)
