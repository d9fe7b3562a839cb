"""The application over a local folder whose worker is not started: a test says what became of each run.

Owns no expectation.
"""

import contextlib
import json
import pathlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from darkroom_api.conditions import Reason
from darkroom_api.v1alpha1.common import Performance
from darkroom_server.app import build_app
from darkroom_server.auth.keys import Key, KeyAdmission
from darkroom_server.backends.backend import Kind, Status, Stored
from darkroom_server.backends.local_backend import LocalBackend
from darkroom_server.config import AnnotationRules, ServerConfig
from darkroom_server.resources.names import find_rest_name
from darkroom_server.routes.parts import build_parts
from tests.support.server.endings import begin_training, end_run
from tests.support.server.parts import KEY, NAMESPACE
from tests.support.server.running import Answer, running, send

OTHER_KEY = "other-key-0123456789"
OTHER_NAMESPACE = "team-b"
KINDS: tuple[Kind, ...] = ("Prediction", "Evaluation", "Model", "Dataset")
VERSION = "api-version=2023-04-01-preview"


@dataclass(frozen=True)
class LocalServer:
    """A server that answers, and the resources behind it."""

    address: str
    backend: LocalBackend
    folder: pathlib.Path

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        headers: Mapping[str, str] | None = None,
        query: str = "",
        key: str = KEY,
    ) -> Answer:
        """Return the answer to a call below `/computervision`, with a key and a version."""
        named = {"Ocp-Apim-Subscription-Key": key, **(headers or {})}
        full = f"/computervision{path}?{VERSION}{'&' if query else ''}{query}"
        return send(self.address, full, body, named, method)

    def put_dataset(self, name: str = "fruit", **fields: Any) -> Answer:
        """Register a Dataset."""
        body = {"annotationKind": "imageClassification", "annotationFileUris": [f"https://data.example/{name}.json"]}
        return self.call("PUT", f"/datasets/{name}", body | fields)

    def put_model(self, name: str = "sorter", dataset: str = "fruit", **fields: Any) -> Answer:
        """Ask for a training."""
        training = {"trainingDatasetName": dataset, "timeBudgetInHours": 1, "modelKind": "Generic-Classifier"}
        return self.call("PUT", f"/models/{name}", {"trainingParameters": training} | fields)

    def forget_all(self, namespace: str) -> None:
        """Delete every resource of a namespace; no call may be under way."""
        for kind in KINDS:
            for item in self.backend.store.list_all(kind, namespace):
                self.backend.store.delete(kind, namespace, item.name)

    def find(self, kind: Kind, name: str, namespace: str = NAMESPACE) -> Stored:
        """Return a resource as the back end has it, by its REST name."""
        found = [item for item in self.backend.store.list_all(kind, namespace) if find_rest_name(item) == name]
        assert len(found) == 1
        return found[0]

    def tell(self, kind: Kind, name: str, status: Status) -> None:
        """Write a status as the worker would."""
        uid = self.find(kind, name).uid
        part = self.folder / "resources" / uid / ".part-status"
        part.write_text(json.dumps(status.to_json()))
        part.rename(part.with_name("status.json"))

    def begin(self, name: str = "sorter") -> None:
        """Let a Model train."""
        self.tell("Model", name, begin_training(self.find("Model", name)))

    def end(
        self,
        name: str = "sorter",
        reason: Reason = Reason.SUCCEEDED,
        message: str = "Done.",
        kind: Kind = "Model",
        performance: Performance | None = None,
    ) -> None:
        """Let a run end."""
        self.tell(kind, name, end_run(self.find(kind, name), reason, message, performance))


def build_keys() -> KeyAdmission:
    """Return who lets in two keys, each to a namespace of its own."""
    return KeyAdmission([Key("a", NAMESPACE, KEY), Key("b", OTHER_NAMESPACE, OTHER_KEY)])


@contextlib.contextmanager
def serving(
    folder: pathlib.Path, rules: AnnotationRules | None = None, admission: KeyAdmission | None = None
) -> Iterator[LocalServer]:
    """Serve a folder to two keys, each with a namespace of its own, or to whom another admission lets in."""
    backend = LocalBackend(folder)
    config = ServerConfig(annotations=rules or AnnotationRules())
    try:
        with running(build_app(build_parts(backend, admission or build_keys(), config))) as address:
            yield LocalServer(address, backend, folder)
    finally:
        backend.close()
