"""The facade over a real API server: the objects that its calls make, and what other writers' objects look like."""

import asyncio
import contextlib
import pathlib
import socket
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
import uvicorn

from darkroom_operator.api.resources import DATASETS, MODELS
from darkroom_server.app import build_app
from darkroom_server.auth.keys import Key, KeyAdmission
from darkroom_server.config import ServerConfig
from darkroom_server.resources.names import build_object_name
from darkroom_server.routes.parts import build_parts
from tests.faults.cluster import manifests
from tests.faults.cluster.control_plane import FaultCluster
from tests.faults.cluster.served import make_namespace, running
from tests.support.server.parts import KEY
from tests.support.server.running import Answer, send

VERSION = "api-version=2023-04-01-preview"
Call = Callable[..., Any]


@contextlib.asynccontextmanager
async def served(cluster: FaultCluster, folder: pathlib.Path, namespace: str) -> AsyncIterator[Call]:
    """Give what calls a server of one namespace, which runs in this loop."""
    async with running(cluster, folder, namespace) as (backend, _, _wire):
        admission = KeyAdmission([Key("a", namespace, KEY)])
        app = build_app(build_parts(backend, admission, ServerConfig()))
        with socket.create_server(("127.0.0.1", 0)) as listening:
            server = uvicorn.Server(uvicorn.Config(app, log_level="warning", lifespan="off"))
            task = asyncio.create_task(server.serve(sockets=[listening]))
            address = f"http://127.0.0.1:{listening.getsockname()[1]}"

            async def call(method: str, path: str, body: Any = None, **headers: str) -> Answer:
                named = {"Ocp-Apim-Subscription-Key": KEY, **{key.replace("_", "-"): headers[key] for key in headers}}
                full = f"/computervision{path}?{VERSION}"
                return await asyncio.to_thread(send, address, full, body, named, method)

            yield call
            server.should_exit = True
            await task


@pytest.fixture
def namespace(fault_cluster: FaultCluster) -> str:
    return make_namespace(fault_cluster)


DATASET = {"annotationKind": "imageClassification", "annotationFileUris": ["https://data.example/set/train.json"]}
MODEL = {"trainingParameters": {"trainingDatasetName": "My_Data", "timeBudgetInHours": 0.02}}


def test_calls_make_objects_that_the_api_server_takes(
    fault_cluster: FaultCluster, namespace: str, tmp_path: pathlib.Path
) -> None:
    signed = {"authentication": {"kind": "sas", "sasToken": "sig=made-up-signature"}}

    async def story() -> None:
        async with served(fault_cluster, tmp_path, namespace) as call:
            made = await call("PUT", "/datasets/My_Data", DATASET | signed | {"customProperties": {"A b": "ü"}})
            assert made.status == 201, made.body
            assert made.json["customProperties"] == {"A b": "ü"}
            assert (await call("PUT", "/datasets/My_Data", DATASET)).status == 409
            assert (await call("PUT", "/models/My_Model", MODEL)).status == 201
            told = await call("GET", "/models/My_Model")
            assert (told.json["status"], told.json["trainingParameters"]["timeBudgetInHours"]) == ("notStarted", 0.02)
            assert (await call("DELETE", "/models/My_Model")).status == 409
            stale = await call("PATCH", "/datasets/My_Data", {"authentication": {"kind": "none"}}, If_Match="x")
            assert stale.status == 412
            tag = (await call("GET", "/datasets/My_Data")).json["eTag"]
            plain = await call("PATCH", "/datasets/My_Data", {"authentication": {"kind": "none"}}, If_Match=tag)
            assert (plain.status, "authentication" in plain.json) == (200, False)
            assert (await call("POST", "/models/My_Model:cancel")).json["status"] == "cancelling"
            assert (await call("DELETE", "/datasets/My_Data")).status == 204
            assert [item["name"] for item in (await call("GET", "/models")).json["value"]] == ["My_Model"]

    asyncio.run(story())
    model = fault_cluster.api.get(MODELS, namespace, build_object_name("My_Model"))
    assert model["metadata"]["annotations"]["darkroom.dev/rest-name"] == "My_Model"
    assert (model["spec"]["budget"], model["spec"]["cancel"]) == ("1m12s", True)


def test_objects_of_kubectl_are_told_under_their_own_names(
    fault_cluster: FaultCluster, namespace: str, tmp_path: pathlib.Path
) -> None:
    fault_cluster.api.create(DATASETS, namespace, manifests.build_dataset("fruit"))
    fault_cluster.api.create(MODELS, namespace, manifests.build_model("shelf"))

    async def story() -> None:
        async with served(fault_cluster, tmp_path, namespace) as call:
            told = await call("GET", "/models/shelf")
            assert (told.status, told.json["name"]) == (200, "shelf")
            assert (await call("PUT", "/datasets/fruit", DATASET)).status == 409
            body = {"trainingParameters": {"trainingDatasetName": "fruit", "timeBudgetInHours": 1}}
            assert (await call("PUT", "/models/shelf", body)).status == 409
            assert (await call("PUT", "/models/Shelf", body)).status == 201

    asyncio.run(story())
