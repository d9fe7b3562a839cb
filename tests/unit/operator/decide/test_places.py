"""Where a run may read and write: what the operator refuses before anything starts."""

from typing import Any

import pytest

from darkroom_api.conditions import Reason
from darkroom_operator.decide import dataset, evaluation, model, places
from tests.builders import (
    Json,
    a_config,
    a_dataset_spec,
    a_dataset_view,
    a_model_spec,
    a_model_view,
    an_evaluation_view,
    an_observed_dataset,
)

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
}  # fmt: skip


@pytest.mark.parametrize(("view", "says"), ROLES.values(), ids=ROLES.keys())
def test_the_endpoint_of_every_role_is_checked(view: Any, says: str) -> None:
    find = model.find_blocker if hasattr(view, "evaluation_dataset") else evaluation.find_blocker
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
