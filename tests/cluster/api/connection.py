"""Calls to the API server as JSON in and out: get, list, create, apply, patch, delete and watch.

Owns the connection and its refusals. Must not know any test, and must not retry: a test sees what the server said.
"""

import contextlib
import json
import pathlib
import subprocess
import urllib.parse
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import urllib3

from tests.cluster.api.kubeconfig import read_login

Manifest = dict[str, Any]

FIELD_MANAGER: Final = "darkroom-cluster-tests"
_APPLY: Final = "application/apply-patch+yaml"
_MERGE: Final = "application/merge-patch+json"
_JSON_PATCH: Final = "application/json-patch+json"
_RESOURCES: Final = {
    "Dataset": ("apis/darkroom.dev/v1alpha1", "datasets"),
    "Model": ("apis/darkroom.dev/v1alpha1", "models"),
    "Evaluation": ("apis/darkroom.dev/v1alpha1", "evaluations"),
    "Prediction": ("apis/darkroom.dev/v1alpha1", "predictions"),
    "Job": ("apis/batch/v1", "jobs"),
    "Deployment": ("apis/apps/v1", "deployments"),
    "Lease": ("apis/coordination.k8s.io/v1", "leases"),
    "PriorityClass": ("apis/scheduling.k8s.io/v1", "priorityclasses"),
    "LocalQueue": ("apis/kueue.x-k8s.io/v1beta1", "localqueues"),
    "Workload": ("apis/kueue.x-k8s.io/v1beta1", "workloads"),
    "ClusterRole": ("apis/rbac.authorization.k8s.io/v1", "clusterroles"),
    "ClusterRoleBinding": ("apis/rbac.authorization.k8s.io/v1", "clusterrolebindings"),
    "CustomResourceDefinition": ("apis/apiextensions.k8s.io/v1", "customresourcedefinitions"),
    "Event": ("api/v1", "events"),
    "PersistentVolume": ("api/v1", "persistentvolumes"),
    "PersistentVolumeClaim": ("api/v1", "persistentvolumeclaims"),
    "Pod": ("api/v1", "pods"),
    "NetworkPolicy": ("apis/networking.k8s.io/v1", "networkpolicies"),
    "Secret": ("api/v1", "secrets"),
    "Service": ("api/v1", "services"),
    "ConfigMap": ("api/v1", "configmaps"),
    "Namespace": ("api/v1", "namespaces"),
    "Node": ("api/v1", "nodes"),
}


class Refusal(Exception):
    """The API server refused a call; `status` is the HTTP status."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(f"HTTP {status}: {message}")
        self.status = status
        self.message = message


@dataclass(frozen=True)
class Change:
    """One event of a watch: ADDED, MODIFIED or DELETED, and the object."""

    type: str
    object: Manifest


class Connection:
    """The API server that one kubeconfig names."""

    def __init__(self, kubeconfig: pathlib.Path, kubectl: pathlib.Path) -> None:
        login = read_login(kubeconfig)
        self._watch_command = [str(kubectl), f"--kubeconfig={kubeconfig}", "get", "--raw"]
        self._server = login.server
        self._pool = urllib3.PoolManager(ssl_context=login.ssl_context, maxsize=8)

    def get(self, kind: str, name: str, namespace: str | None = None) -> Manifest:
        """Return an object; raises Refusal 404 when there is none."""
        return self._call("GET", _path(kind, namespace, name))

    def find(self, kind: str, name: str, namespace: str | None = None) -> Manifest | None:
        """Return an object, or None when there is none."""
        try:
            return self.get(kind, name, namespace)
        except Refusal as refusal:
            if refusal.status == 404:
                return None
            raise

    def select(self, kind: str, namespace: str | None = None, selector: str = "") -> list[Manifest]:
        """Return the objects of a kind, of one namespace or of all."""
        items: list[Manifest] = self._call("GET", _path(kind, namespace), query={"labelSelector": selector})["items"]
        return items

    def apply(self, manifest: Manifest) -> Manifest:
        """Apply an object on the server's side, unknown fields refused."""
        query = {"fieldManager": FIELD_MANAGER, "fieldValidation": "Strict", "force": "true"}
        return self._call("PATCH", _path_of(manifest), manifest, _APPLY, query)

    def merge(self, kind: str, name: str, namespace: str | None, patch: Manifest, subresource: str = "") -> Manifest:
        """Merge `patch` into an object, or into its subresource."""
        path = _path(kind, namespace, name) + (f"/{subresource}" if subresource else "")
        return self._call("PATCH", path, patch, _MERGE)

    def edit(self, kind: str, name: str, operations: list[Manifest], subresource: str = "") -> Manifest:
        """Patch an object that belongs to no namespace by JSON patch operations."""
        path = _path(kind, None, name) + (f"/{subresource}" if subresource else "")
        return self._call("PATCH", path, operations, _JSON_PATCH)

    def delete(self, kind: str, name: str, namespace: str | None = None, grace_seconds: int | None = None) -> None:
        """Delete an object and, in the background, its children; nothing happens when there is none."""
        options: Manifest = {"propagationPolicy": "Background"}
        if grace_seconds is not None:
            options["gracePeriodSeconds"] = grace_seconds
        try:
            self._call("DELETE", _path(kind, namespace, name), options)
        except Refusal as refusal:
            if refusal.status != 404:
                raise

    def read_log(self, pod: str, namespace: str, lines: int, previous: bool = False) -> str:
        """Return the last lines that a pod printed, or the reason why there are none."""
        query = {"tailLines": str(lines), "previous": str(previous).lower()}
        try:
            return self._send("GET", _path("Pod", namespace, pod) + "/log", query=query).data.decode(errors="replace")
        except Refusal as refusal:
            return refusal.message

    def evict(self, pod: str, namespace: str) -> None:
        """Ask for a pod's eviction, as a drain does; raises Refusal where a budget for disruptions forbids it."""
        body = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": pod, "namespace": namespace}}
        self._call("POST", _path("Pod", namespace, pod) + "/eviction", body)

    @contextlib.contextmanager
    def watch(self, kind: str, namespace: str) -> Iterator[Iterator[Change]]:
        """Give every change of a kind from now until the block ends; what is there already is not reported."""
        path = f"/{_path(kind, namespace)}?watch=true&resourceVersion={self._latest_version(kind, namespace)}"
        with subprocess.Popen([*self._watch_command, path], stdout=subprocess.PIPE, text=True) as process:
            lines = (json.loads(line) for line in process.stdout or ())
            try:
                yield (Change(line["type"], line["object"]) for line in lines)
            finally:
                process.kill()

    def _latest_version(self, kind: str, namespace: str) -> str:
        """Return the resourceVersion from which a watch sees everything that comes now."""
        version: str = self._call("GET", _path(kind, namespace), query={"limit": "1"})["metadata"]["resourceVersion"]
        return version

    def _call(
        self,
        method: str,
        path: str,
        body: object = None,
        content_type: str = "application/json",
        query: dict[str, str] | None = None,
    ) -> Manifest:
        answer: Manifest = json.loads(self._send(method, path, body, content_type, query).data)
        return answer

    def _send(
        self,
        method: str,
        path: str,
        body: object = None,
        content_type: str = "application/json",
        query: dict[str, str] | None = None,
    ) -> urllib3.BaseHTTPResponse:
        address = f"{self._server}/{path}" + (f"?{_encode(query)}" if query else "")
        data = None if body is None else json.dumps(body)
        response = self._pool.request(
            method,
            address,
            body=data,
            headers={"Content-Type": content_type, "Accept": "application/json"},
            retries=False,
            timeout=30.0,
        )
        if response.status >= 400:
            raise Refusal(response.status, _explain(response.data))
        return response


def _path(kind: str, namespace: str | None, name: str = "") -> str:
    group, plural = _RESOURCES[kind]
    scope = f"/namespaces/{namespace}" if namespace else ""
    return f"{group}{scope}/{plural}" + (f"/{name}" if name else "")


def _path_of(manifest: Manifest) -> str:
    metadata = manifest["metadata"]
    return _path(manifest["kind"], metadata.get("namespace"), metadata["name"])


def _encode(query: dict[str, str]) -> str:
    return urllib.parse.urlencode({key: value for key, value in query.items() if value})


def _explain(body: bytes) -> str:
    try:
        return str(json.loads(body)["message"])
    except (ValueError, KeyError, TypeError):
        return body.decode(errors="replace")[:500]
