"""A private container of Azure Blob that one token opens: data, model and answers on it, as the retired service's users
have theirs. Azurite runs on the cluster's node.
"""

import pathlib
from collections.abc import Iterator
from typing import Any, Final

import pytest

from darkroom_api import names
from hack.localcluster.state import NODE_ADDRESS
from tests.cluster.api import manifests
from tests.cluster.api.connection import Connection
from tests.cluster.api.waiting import Waiter, message_of, status_of
from tests.cluster.setup.installation import VALUES, Installation
from tests.support.storage.azurite import ACCOUNT, CONTAINER, Azurite, start_azurite

SECRET: Final = "darkroom-container"  # noqa: S105 - the name of a Secret
STORAGE: Final = {"credentialsSecret": SECRET}
INSPECTED_SECONDS: Final = 120
TRAINED_SECONDS: Final = 240
ANSWERED: Final = 6


@pytest.fixture(scope="module")
def azurite(
    installation: Installation, digits: pathlib.Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Azurite]:
    """Return Azurite with the digits in its container, and some of them apart, where pods may reach it."""
    with start_azurite(tmp_path_factory.mktemp("azurite"), NODE_ADDRESS) as server:
        server.put_folder(CONTAINER, digits, "digits/")
        with server.client.get_container_client(CONTAINER) as container:
            for path in sorted((digits / "images").glob("eval*.png"))[:ANSWERED]:
                container.upload_blob(f"new/{path.name}", path.read_bytes())
        origin = server.endpoint.removesuffix(f"/{ACCOUNT}")
        installation.install(allowedEndpoints=[*VALUES["allowedEndpoints"], origin])
        yield server
        installation.install()


def a_secret(namespace: str, server: Azurite, hours: float = 1, name: str = SECRET) -> dict[str, Any]:
    """Return the Secret with a token of the container that may read, write and list it."""
    keys = {names.SAS_KEY: server.sign(CONTAINER, "rwl", hours), names.AUTHORITIES_KEY: server.certificate.read_text()}
    metadata = {"name": name, "namespace": namespace}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": keys}


def a_dataset(name: str, namespace: str, secret: str = SECRET) -> dict[str, Any]:
    """Return the Dataset of the digits; its account is the one that the token names."""
    dataset = manifests.a_dataset(name, namespace, f"az://{CONTAINER}/digits/train.json")
    return {**dataset, "spec": {**dataset["spec"], "storage": {"credentialsSecret": secret}}}


@pytest.mark.extended
def test_a_container_trains_a_model_and_keeps_it_and_its_images_are_answered(
    connection: Connection, waiter: Waiter, namespace: str, azurite: Azurite
) -> None:
    connection.apply(a_secret(namespace, azurite))
    connection.apply(a_dataset("digits", namespace))
    ready = waiter.phase("Dataset", namespace, "digits", "Ready", INSPECTED_SECONDS)
    assert status_of(ready)["summary"]["images"] == 100
    output = {"uri": f"az://{CONTAINER}/models", "storage": STORAGE}
    connection.apply(manifests.a_model("digits", namespace, "digits", budget="20s", output=output))
    trained = status_of(waiter.end("Model", namespace, "digits", TRAINED_SECONDS))
    assert trained["phase"] == "Succeeded", trained
    folder = trained["artifacts"]["uri"]
    assert folder.startswith(f"az://{CONTAINER}/models/")
    assert f"{folder}/artifacts.json".removeprefix(f"az://{CONTAINER}/") in azurite.keys("models/")
    images = {"uri": f"az://{CONTAINER}/new", "storage": STORAGE}
    connection.apply(manifests.a_prediction("new", namespace, "digits", images=images))
    answered = status_of(waiter.end("Prediction", namespace, "new", TRAINED_SECONDS))
    assert answered["phase"] == "Succeeded", answered
    assert answered["summary"]["images"] == ANSWERED


def test_a_token_that_expired_is_told_with_its_time_and_a_new_one_lets_the_inspection_go_on(
    connection: Connection, waiter: Waiter, namespace: str, azurite: Azurite
) -> None:
    name = "darkroom-expired"
    connection.apply(a_secret(namespace, azurite, hours=-0.5, name=name))
    connection.apply(a_dataset("late", namespace, name))
    told = waiter.until(
        "Dataset", namespace, "late", lambda item: "its token expired at 20" in message_of(item), 90, "the expiry"
    )
    assert "the key is from storage.credentialsSecret of the Dataset" in message_of(told)
    connection.apply(a_secret(namespace, azurite, name=name))
    waiter.phase("Dataset", namespace, "late", "Ready", INSPECTED_SECONDS)
