"""Runs that were given keys and tokens, in whose sight some of them failed, and all that they left.

Owns what is planted and what is gathered; a test searches it.
"""

import contextlib
import json
import pathlib
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from darkroom_api import names
from hack.localcluster.state import NODE_ADDRESS
from tests.certificate import make_certificate
from tests.cluster.api import manifests
from tests.cluster.api.waiting import SYSTEM_NAMESPACE, message_of, reason_of
from tests.cluster.scenarios.runs import Runs
from tests.cluster.setup.installation import VALUES, Installation
from tests.secret_search import SIGNED_HEADER
from tests.token_container import serve_container

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


@contextlib.contextmanager
def plant(runs: Runs, installation: Installation, digits: pathlib.Path, folder: pathlib.Path) -> Iterator[Planted]:
    """Give the namespace the keys of the bucket and the token of a container with the images, both in one Secret."""
    connection, bucket, namespace, signature = runs.connection, runs.bucket, runs.namespace, secrets.token_urlsafe(32)
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
        try:
            yield planted
        finally:
            installation.install()


def run(runs: Runs, planted: Planted) -> None:
    """Train a Model, and let inspections fail in the sight of each secret."""
    connection, namespace = runs.connection, runs.namespace
    uri, gone = runs.bucket.uri("planted/train.json"), f"{planted.container}/none.json"
    for name, file, secret in (("digits", uri, SECRET), ("gone", gone, SECRET), ("refused", uri, WRONG)):
        connection.apply(manifests.a_dataset(name, namespace, file, secret=secret))
    runs.waiter.phase("Dataset", namespace, "digits", "Ready", 120)
    runs.waiter.until("Dataset", namespace, "gone", lambda item: "none.json" in message_of(item), 120, "its file named")
    runs.waiter.until(
        "Dataset", namespace, "refused", lambda item: reason_of(item) == "StorageUnavailable", 120, "a refused key"
    )
    runs.apply("sorter", budget="30s")
    assert runs.end("sorter", 180)["phase"] == "Succeeded"


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
