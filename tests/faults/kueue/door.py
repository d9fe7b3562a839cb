"""What Kueue serves over https: the webhook that suspends Jobs, and the API that tells what waits in a queue.

Owns that server, and the objects by which the API server finds it. Each connection has a thread of its own, which
alone speaks on it.
"""

import base64
import json
import pathlib
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

from darkroom_operator.api.kueue import LABEL_QUEUE, VISIBILITY_GROUP
from darkroom_operator.api.resources import SERVICES, Resource
from tests.certificate import make_certificate
from tests.faults.cluster.api import Api, Json
from tests.faults.kueue.crds import VERSION, wait_served

HOST: Final = "127.0.0.1"
MULTIKUEUE: Final = "kueue.x-k8s.io/multikueue"
FAR: Final = "far"
"""The LocalQueue whose ClusterQueue has a MultiKueue check."""
SERVICE: Final = "played-kueue"
PLACE: Final = "default"
"""The namespace of the Service by whose name the API server finds this one."""
_WEBHOOKS: Final = Resource(
    "admissionregistration.k8s.io", "v1", "mutatingwebhookconfigurations", "MutatingWebhookConfiguration"
)
_API_SERVICES: Final = Resource("apiregistration.k8s.io", "v1", "apiservices", "APIService")


class Door(ThreadingHTTPServer):
    """The server."""

    daemon_threads = True

    def __init__(self, folder: pathlib.Path) -> None:
        super().__init__((HOST, 0), _Handler)
        key, self.certificate = make_certificate(HOST)
        path = folder / "kueue.pem"
        path.write_bytes(key + self.certificate)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(path)
        self.socket = context.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)
        self.order: list[str] = []
        """Uids of the Jobs that wait in LocalQueue `team`, in the order of admission."""
        self.tells_order = True
        self.asked = 0
        """How often the order was asked for."""

    @property
    def port(self) -> int:
        """Return the port."""
        return int(self.server_address[1])


@contextmanager
def open_door(api: Api, folder: pathlib.Path, *namespaces: str) -> Iterator[Door]:
    """Let the API server ask about the Jobs of these namespaces, and pass questions on; closes it in the end."""
    with Door(folder) as door:
        threading.Thread(target=door.serve_forever, daemon=True).start()
        api.create(SERVICES, PLACE, _build_service())
        api.create(_API_SERVICES, None, _build_api_service(door))
        api.create(_WEBHOOKS, None, _build_webhook(door, namespaces))
        try:
            wait_served(api, f"/apis/{VISIBILITY_GROUP}/{VERSION}")
            yield door
        finally:
            api.delete(_WEBHOOKS, None, SERVICE)
            api.delete(_API_SERVICES, None, f"{VERSION}.{VISIBILITY_GROUP}")
            api.delete(SERVICES, PLACE, SERVICE)
            door.shutdown()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Door

    def do_POST(self) -> None:
        review = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        patch = [{"op": "add", "path": "/spec/suspend", "value": True}]
        if review["request"]["object"]["metadata"]["labels"].get(LABEL_QUEUE) == FAR:
            patch.append({"op": "add", "path": "/spec/managedBy", "value": MULTIKUEUE})
        response = {
            "uid": review["request"]["uid"],
            "allowed": True,
            "patchType": "JSONPatch",
            "patch": base64.b64encode(json.dumps(patch).encode()).decode(),
        }
        self._answer(200, {**review, "request": None, "response": response})

    def do_GET(self) -> None:
        if "/pendingworkloads" in self.path:
            self.server.asked += 1
            self._answer(*self._tell_order())
        else:
            resource = {"name": "localqueues/pendingworkloads", "namespaced": True, "kind": "PendingWorkloadsSummary"}
            listed = {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": f"{VISIBILITY_GROUP}/{VERSION}"}
            self._answer(200, {**listed, "resources": [{**resource, "singularName": "", "verbs": ["get"]}]})

    def _tell_order(self) -> tuple[int, Json]:
        if not self.server.tells_order:
            return 503, {"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "ServiceUnavailable"}
        items = [
            {
                "metadata": {"ownerReferences": [{"apiVersion": "batch/v1", "kind": "Job", "name": "x", "uid": uid}]},
                "priority": 0,
                "localQueueName": "team",
                "positionInLocalQueue": place,
                "positionInClusterQueue": place + 5,
            }
            for place, uid in enumerate(self.server.order)
        ]
        return 200, {"kind": "PendingWorkloadsSummary", "apiVersion": f"{VISIBILITY_GROUP}/{VERSION}", "items": items}

    def _answer(self, code: int, body: Json) -> None:
        data = json.dumps(body).encode()
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


def _build_service() -> Json:
    return {"metadata": {"name": SERVICE}, "spec": {"type": "ExternalName", "externalName": "localhost"}}


def _build_api_service(door: Door) -> Json:
    return {
        "metadata": {"name": f"{VERSION}.{VISIBILITY_GROUP}"},
        "spec": {
            "group": VISIBILITY_GROUP,
            "version": VERSION,
            "groupPriorityMinimum": 100,
            "versionPriority": 100,
            "insecureSkipTLSVerify": True,
            "service": {"name": SERVICE, "namespace": PLACE, "port": door.port},
        },
    }


def _build_webhook(door: Door, namespaces: tuple[str, ...]) -> Json:
    name = {"key": "kubernetes.io/metadata.name", "operator": "In", "values": list(namespaces)}
    rule = {"apiGroups": ["batch"], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["jobs"]}
    authority = base64.b64encode(door.certificate).decode()
    webhook = {
        "name": "mjob.kb.io",
        "clientConfig": {"url": f"https://{HOST}:{door.port}/mutate", "caBundle": authority},
        "rules": [rule],
        "namespaceSelector": {"matchExpressions": [name]},
        "sideEffects": "None",
        "admissionReviewVersions": ["v1"],
    }
    return {"metadata": {"name": SERVICE}, "webhooks": [webhook]}
