"""Calls to the API server as its administrator, past every fault: JSON in and out.

Owns the connection and its refusals. Must not know any test, and must not retry.
"""

import json
import ssl
from typing import Any, Final

import urllib3

from bench.clusters.control_plane import ControlPlane
from darkroom_operator.api.resources import Resource

Json = dict[str, Any]

NAMESPACES: Final = Resource("", "v1", "namespaces", "Namespace")
QUOTAS: Final = Resource("", "v1", "resourcequotas", "ResourceQuota")
ROLE_BINDINGS: Final = Resource("rbac.authorization.k8s.io", "v1", "rolebindings", "RoleBinding")
_MERGE: Final = "application/merge-patch+json"
CALL_SECONDS: Final = 120.0
"""For an object of the greatest size on a busy machine; everything else takes far less."""


class Refusal(Exception):
    """The API server refused a call; `status` is the HTTP status."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(f"HTTP {status}: {message}")
        self.status = status


class Api:
    """The API server."""

    def __init__(self, control: ControlPlane) -> None:
        self.server = f"https://127.0.0.1:{control.port}"
        self.authority = str(control.folder / "apiserver.crt")
        self.token = control.token
        context = ssl.create_default_context(cafile=self.authority)
        self._pool = urllib3.PoolManager(ssl_context=context, maxsize=16)

    def create(self, resource: Resource, namespace: str | None, manifest: Json) -> Json:
        """Create an object; raises Refusal."""
        named = {"apiVersion": resource.api_version, "kind": resource.kind, **manifest}
        return self.call("POST", resource.path(namespace), named)

    def get(self, resource: Resource, namespace: str | None, name: str) -> Json:
        """Return an object; raises Refusal 404 when there is none."""
        return self.call("GET", resource.path(namespace, name))

    def merge(
        self, resource: Resource, namespace: str | None, name: str, patch: Json, subresource: str | None = None
    ) -> Json:
        """Merge a patch into an object; raises Refusal."""
        return self.call("PATCH", resource.path(namespace, name, subresource), patch, _MERGE)

    def delete(self, resource: Resource, namespace: str | None, name: str, grace_seconds: int | None = None) -> None:
        """Delete an object; nothing happens when there is none."""
        options = {} if grace_seconds is None else {"gracePeriodSeconds": grace_seconds}
        try:
            self.call("DELETE", resource.path(namespace, name), {"propagationPolicy": "Background", **options})
        except Refusal as refusal:
            if refusal.status != 404:
                raise

    def call(self, method: str, path: str, body: object = None, content_type: str = "application/json") -> Json:
        """Make a call; raises Refusal."""
        response = self._pool.request(
            method,
            self.server + path,
            body=None if body is None else json.dumps(body),
            headers={"Content-Type": content_type, "Authorization": f"Bearer {self.token}"},
            retries=False,
            timeout=CALL_SECONDS,
        )
        if response.status >= 400:
            raise Refusal(response.status, response.data.decode(errors="replace")[:500])
        answer: Json = json.loads(response.data)
        return answer

    def stream(self, path: str) -> urllib3.BaseHTTPResponse:
        """Open a watch."""
        headers = {"Authorization": f"Bearer {self.token}"}
        timeout = urllib3.Timeout(connect=10, read=None)
        return self._pool.request(
            "GET", self.server + path, headers=headers, retries=False, timeout=timeout, preload_content=False
        )
