"""The prediction server beside the operator: its values, its Service and calls to it.

Owns the keys of the tests. Must not know any expectation.
"""

import http.client
import json
import secrets
import threading
import time
import urllib.parse
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from tests.cluster.api.connection import Manifest
from tests.cluster.api.manifests import ENDPOINT, a_secret
from tests.cluster.api.waiting import SYSTEM_NAMESPACE
from tests.cluster.setup.installation import RELEASE, VALUES, Installation
from tests.cluster.storage.bucket import Bucket

KEYS_SECRET: Final = "darkroom-test-keys"  # noqa: S105 - a name
BUCKET_SECRET: Final = "darkroom-test-bucket"  # noqa: S105 - a name, and not that of the demo's, which is put back later
SERVER: Final = f"{RELEASE}-server"
ACCOUNT: Final = f"system:serviceaccount:{SYSTEM_NAMESPACE}:{SERVER}"
ANALYZE: Final = "/computervision/imageanalysis:analyze"
VERSION: Final = "2023-04-01-preview"
RUNS: Final = "runs-of-the-server"
"""The prefix of the bucket where it keeps product-recognition runs."""
ROLLOUT_SECONDS: Final = 120


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    body: bytes

    @property
    def json(self) -> Any:
        """Return the body, which is JSON."""
        return json.loads(self.body)


@dataclass(frozen=True)
class Server:
    """The server behind its Service, with a key for each of two namespaces."""

    installation: Installation
    host: str
    key: str
    other_key: str

    def analyze(self, model: str, image: bytes, headers: dict[str, str], **query: str) -> Answer:
        """Return the answer about an image, over a connection of its own."""
        connection = http.client.HTTPConnection(self.host, 80, timeout=30)
        with closing(connection):
            return analyze(connection, model, image, headers, **query)

    def call_run(self, method: str, run: str, image: bytes | None = None, pod: Manifest | None = None) -> Answer:
        """Return the answer about a product-recognition run `MODEL/runs/NAME`, of one pod or of any."""
        host, port = (pod["status"]["podIP"], 8080) if pod is not None else (self.host, 80)
        connection = http.client.HTTPConnection(host, port, timeout=30)
        with closing(connection):
            path = f"/computervision/productrecognition/{run}?api-version={VERSION}"
            connection.request(method, path, image, by_key(self.key))
            answer = connection.getresponse()
            return Answer(answer.status, answer.read())

    def list_pods(self) -> list[Manifest]:
        """Return its pods, but for those that end."""
        selector = f"app.kubernetes.io/component=server,app.kubernetes.io/name={RELEASE}"
        pods = self.installation.connection.select("Pod", SYSTEM_NAMESPACE, selector)
        return [pod for pod in pods if "deletionTimestamp" not in pod["metadata"]]

    def restart(self) -> None:
        """Replace every pod, one after the other, and wait until it is done."""
        for arguments in (("restart",), ("status", f"--timeout={ROLLOUT_SECONDS}s")):
            done = self.installation.kubectl(
                "rollout", *arguments[:1], f"deployment/{SERVER}", "-n", SYSTEM_NAMESPACE, *arguments[1:]
            )
            assert done.returncode == 0, done.stderr


def analyze(
    connection: http.client.HTTPConnection, model: str, image: bytes, headers: dict[str, str], **query: str
) -> Answer:
    """Return the answer about an image, over a connection that may serve more requests."""
    asked = urllib.parse.urlencode({"api-version": VERSION, "model-name": model, **query})
    connection.request("POST", f"{ANALYZE}?{asked}", image, {"Content-Type": "image/png", **headers})
    answer = connection.getresponse()
    return Answer(answer.status, answer.read())


def by_key(key: str) -> dict[str, str]:
    """Return the header of a key."""
    return {"Ocp-Apim-Subscription-Key": key}


def make_token(installation: Installation, namespace: str, role: str | None) -> str:
    """Return the token of a new ServiceAccount, which has a ClusterRole in its namespace, or no right at all."""
    name = f"account-{secrets.token_hex(2)}"
    commands: list[tuple[str, ...]] = [("create", "serviceaccount", name)]
    if role is not None:
        account = f"--serviceaccount={namespace}:{name}"
        commands.append(("create", "rolebinding", name, f"--clusterrole={role}", account))
    for command in (*commands, ("create", "token", name)):
        done = installation.kubectl(*command, "-n", namespace)
        assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@contextmanager
def install_server(installation: Installation, bucket: Bucket, namespace: str, other: str) -> Iterator[Server]:
    """Give the server with two replicas, installed for the block."""
    keys = secrets.token_urlsafe(24), secrets.token_urlsafe(24)
    named = {f"{namespace}.test": keys[0], f"{other}.test": keys[1]}
    metadata = {"name": KEYS_SECRET, "namespace": SYSTEM_NAMESPACE}
    secret: Manifest = {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": named}
    installation.connection.apply(secret)
    opening = a_secret(SYSTEM_NAMESPACE, bucket.access_key, bucket.secret_key)
    installation.connection.apply({**opening, "metadata": {**opening["metadata"], "name": BUCKET_SECRET}})
    installation.install(server=_build_values(bucket, namespace))
    try:
        service = installation.connection.get("Service", SERVER, SYSTEM_NAMESPACE)
        yield Server(installation, service["spec"]["clusterIP"], *keys)
    finally:
        installation.install()
        for name in (KEYS_SECRET, BUCKET_SECRET):
            installation.connection.delete("Secret", name, SYSTEM_NAMESPACE)


def _build_values(bucket: Bucket, namespace: str) -> dict[str, Any]:
    assert "server" not in VALUES
    access = {"endpoint": ENDPOINT, "credentialsSecret": BUCKET_SECRET}
    return {
        "enabled": True,
        "image": {"repository": "localhost/darkroom-server", "tag": "dev"},
        "replicas": 2,
        "resources": {"requests": {"cpu": "50m", "memory": "128Mi"}, "limits": {"memory": "1Gi"}},
        "access": {"keysSecret": KEYS_SECRET},
        "storage": [
            {"prefix": bucket.uri(""), **access, "imageNamespaces": [namespace]},
            {"prefix": bucket.uri(f"{RUNS}/"), **access},
        ],
        "runs": {"uri": bucket.uri(RUNS)},
        "lingerSeconds": 3,
    }


@dataclass
class Load:
    """Clients that ask again and again, each over a connection that it keeps as long as the server does."""

    server: Server
    model: str
    image: bytes
    answers: list[int] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    _over: threading.Event = field(default_factory=threading.Event)

    @contextmanager
    def run(self, clients: int) -> Iterator[None]:
        """Ask during the block."""
        threads = [threading.Thread(target=self._ask) for _ in range(clients)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self._over.set()
            for thread in threads:
                thread.join(60)

    def _ask(self) -> None:
        connection = http.client.HTTPConnection(self.server.host, 80, timeout=30)
        headers = by_key(self.server.key)
        with closing(connection):
            while not self._over.is_set():
                try:
                    self.answers.append(analyze(connection, self.model, self.image, headers).status)
                except (OSError, http.client.HTTPException) as problem:
                    self.failures.append(f"{type(problem).__name__}: {problem}")
                    connection.close()
                time.sleep(0.02)
