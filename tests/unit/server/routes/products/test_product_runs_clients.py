"""The service's own Python client of product recognition, over a folder of this machine."""

import pathlib
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from cognitive_service_vision_model_customization_python_samples.clients.product_recognition_client import (
    ProductRecognitionClient,
)
from cognitive_service_vision_model_customization_python_samples.models import (
    ProductRecognition,
    ProductRecognitionStatus,
)

from darkroom_server.app import build_app
from tests.support.server.models import draw
from tests.support.server.parts import KEY, ModelFolders, some_parts
from tests.support.server.running import running
from tests.support.server.runs import MODEL, open_local

NO_WAIT = 0.01
SHELF = draw(("red", 0, 0), ("blue", 2, 1), form="JPEG")
RUN = ProductRecognition("shelf-1", MODEL)


@pytest.fixture
def client(backend: ModelFolders, tmp_path: pathlib.Path) -> Iterator[Any]:
    backend.runs = open_local(tmp_path / "runs")
    with running(build_app(some_parts(backend))) as address:
        yield ProductRecognitionClient("multi_service_account", None, f"{address}/some/path", KEY)
    backend.runs = None


def test_a_run_is_asked_for_followed_and_deleted(client: Any) -> None:
    made = client.create_run(RUN, SHELF)
    assert (made.name, made.model_name) == ("shelf-1", MODEL)
    assert made.status is ProductRecognitionStatus.NOT_STARTED
    ended = client.wait_for_completion("shelf-1", MODEL, NO_WAIT)
    assert ended.status is ProductRecognitionStatus.SUCCEEDED
    assert [product["tags"][0]["name"] for product in ended.result["products"]] == ["red", "blue"]
    assert [[tag["name"] for tag in product["tags"]] for product in ended.result["products"]] == [
        ["red", "green"],
        ["blue", "green"],
    ]
    assert ended.result["gaps"] == []
    with pytest.raises(requests.HTTPError, match="409"):
        client.create_run(RUN, SHELF)
    client.delete_run("shelf-1", MODEL)
    with pytest.raises(requests.HTTPError, match="404"):
        client.query_run("shelf-1", MODEL)


def test_a_failure_is_one_that_the_client_can_read(client: Any) -> None:
    client.create_run(RUN, SHELF[:-200])
    ended = client.wait_for_completion("shelf-1", MODEL, NO_WAIT)
    assert (ended.status, ended.result) == (ProductRecognitionStatus.FAILED, None)
    assert ended.error.code["code"] == "invalidImage"  # the client puts the whole error there
