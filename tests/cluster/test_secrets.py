"""Everything that runs on the cluster leave is searched for the keys and tokens that they were given."""

import json
import pathlib
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import pytest

from darkroom_api import names
from hack.localcluster.state import NODE_ADDRESS
from tests.certificate import make_certificate
from tests.cluster.api import manifests
from tests.cluster.api.connection import Connection
from tests.cluster.api.waiting import SYSTEM_NAMESPACE, message_of, reason_of
from tests.cluster.scenarios.runs import Runs
from tests.cluster.setup.installation import VALUES, Installation
from tests.cluster.storage.bucket import Bucket
from tests.support.secret_search import SIGNED_HEADER, find_leaks
from tests.support.token_container import serve_container

SECRET: Final = "darkroom-planted"  # noqa: S105 - the name of a Secret
WRONG: Final = "darkroom-wrong"
ALL_LINES: Final = 100_000


@dataclass(frozen=True)
class Planted:
    """What was given to the runs, and the address of the container that wants the token."""

    secret_key: str
    signature: str
    wrong_key: str
    container: str

    @property
    def secrets(self) -> tuple[str, ...]:
        """Return what must be nowhere."""
        return self.secret_key, self.signature, self.wrong_key, SIGNED_HEADER


@pytest.fixture(scope="module")
def planted(
    connection: Connection,
    bucket: Bucket,
    namespace: str,
    installation: Installation,
    digits: pathlib.Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Planted]:
    """Return the secrets of a bucket and of a container with its images, both in one Secret."""
    folder, signature = tmp_path_factory.mktemp("container"), secrets.token_urlsafe(32)
    (folder / "served").mkdir()
    (folder / "served" / "digits").symlink_to(digits)
    key, certificate = make_certificate(NODE_ADDRESS)
    (folder / "both.pem").write_bytes(key + certificate)
    with serve_container(folder / "served", folder / "both.pem", signature, NODE_ADDRESS) as port:
        host = f"https://{NODE_ADDRESS}:{port}"
        planted = Planted(bucket.secret_key, signature, secrets.token_hex(20), f"{host}/digits")
        secret = manifests.a_secret(namespace, bucket.access_key, bucket.secret_key, SECRET)
        token = f"sv=2022-11-02&sr=c&sp=rl&sig={signature}"
        secret["stringData"] |= {names.SAS_KEY: f"{host}/digits?{token}", names.AUTHORITIES_KEY: certificate.decode()}
        connection.apply(secret)
        connection.apply(manifests.a_secret(namespace, bucket.access_key, planted.wrong_key, WRONG))
        document = json.loads((digits / "train.json").read_text())
        for image in document["images"]:
            image["coco_url"] = f"{planted.container}/{image['file_name']}"
        bucket.put("planted/train.json", json.dumps(document).encode())
        installation.install(allowedEndpoints=[*VALUES["allowedEndpoints"], host])
        yield planted
        installation.install()


@pytest.fixture(scope="module")
def runs(connection: Connection, bucket: Bucket, namespace: str, planted: Planted) -> Runs:
    """Return a training that worked, and inspections that failed in the sight of each secret."""
    runs = Runs(connection, bucket, namespace)
    uri, gone = bucket.uri("planted/train.json"), f"{planted.container}/none.json"
    connection.apply(manifests.a_dataset("digits", namespace, uri, secret=SECRET))
    connection.apply(manifests.a_dataset("gone", namespace, gone, secret=SECRET))
    connection.apply(manifests.a_dataset("refused", namespace, uri, secret=WRONG))
    runs.waiter.phase("Dataset", namespace, "digits", "Ready", 120)
    runs.waiter.until("Dataset", namespace, "gone", lambda item: "none.json" in message_of(item), 120, "its file named")
    runs.waiter.until(
        "Dataset", namespace, "refused", lambda item: reason_of(item) == "StorageUnavailable", 120, "a refused key"
    )
    runs.apply("sorter", budget="30s")
    assert runs.end("sorter", 180)["phase"] == "Succeeded"
    return runs


def gather(runs: Runs, installation: Installation) -> dict[str, bytes]:
    """Return all that is left: statuses, Events, logs, termination messages, files in the bucket, metrics."""
    connection, namespace = runs.connection, runs.namespace
    left = {"metrics of the operator": installation.metrics().encode()}
    for kind in ("Dataset", "Model", "Job", "Pod"):
        for item in connection.select(kind, namespace):
            left[f"status of {kind} {item['metadata']['name']}"] = json.dumps(item.get("status")).encode()
    for event in connection.select("Event", namespace):
        left[f"Event {event['metadata']['name']}"] = json.dumps(event).encode()
    for where, pods in (
        (namespace, connection.select("Pod", namespace)),
        (SYSTEM_NAMESPACE, installation.operator_pods()),
    ):
        for name in (pod["metadata"]["name"] for pod in pods):
            left[f"log of {name}"] = connection.read_log(name, where, ALL_LINES).encode()
    written = [key for key in runs.bucket.keys("") if not key.startswith("digits/")]
    return left | {f"file {key}": runs.bucket.read(key) for key in written}


def test_nothing_that_runs_leave_holds_a_key_or_a_token_or_a_signed_header(
    runs: Runs, installation: Installation, planted: Planted
) -> None:
    left = gather(runs, installation)
    kinds = ("status of Pod", "status of Model sorter", "Event ", "log of darkroom-", "log of sorter-", "file ")
    assert [kind for kind in kinds if not any(where.startswith(kind) for where in left)] == []
    assert any("inspection.json" in where for where in left)
    assert find_leaks(planted.secrets, left) == {}


def test_the_search_finds_what_is_there(runs: Runs, planted: Planted) -> None:
    secret = runs.connection.get("Secret", SECRET, runs.namespace)
    found = find_leaks(planted.secrets, {"Secret": json.dumps(secret["data"]).encode()})
    assert planted.secret_key in found
