"""The API server: the few calls that the operator makes, through one shared client.

Owns authentication and errors. Every write passes `may_write` right before it is sent, and is told to `on_write`.
Must not know what is written, or why, nor who leads. The generated classes are not used: objects stay the JSON that
they are.
"""

import urllib.parse
from collections.abc import AsyncIterator, Callable
from datetime import datetime
from typing import Any, Final, Protocol

import aiohttp
from aiohttp.abc import AbstractStreamWriter
from kubernetes.aio.client import Configuration
from kubernetes.aio.client.rest import RESTClientObject
from kubernetes.aio.config import ConfigException, load_incluster_config, load_kube_config
from pydantic_core import from_json, to_json

from darkroom_operator.api.clock import ServerClock
from darkroom_operator.api.resources import LEASES, Json, Resource

REQUEST_TIMEOUT: Final = aiohttp.ClientTimeout(total=30)
FIRST_PAGE_SIZE: Final = 100
PAGE_SIZE: Final = 500
"""Objects on a page, at first and at most. Each may have 1.5 MB: a page that is too long is asked for in parts."""
MAX_PAGE_BYTES: Final = 4 * 2**20
_AGENT: Final = "darkroom-operator"
_JSON: Final = "application/json"
_METADATA_ONLY: Final = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"

OnWrite = Callable[[str, str], None]
MayWrite = Callable[[], bool]


class ClusterError(Exception):
    """A call failed. `status` is the HTTP status, 0 where no answer came."""

    def __init__(self, status: int, reason: str, message: str, retry_after_seconds: float = 0.0) -> None:
        super().__init__(f"{status} {reason}: {message}")
        self.status, self.reason, self.message = status, reason, message
        self.retry_after_seconds = retry_after_seconds


class _PageTooLongError(Exception):
    """An answer has more than `MAX_PAGE_BYTES`; the rest was not read."""


class NotLeaderError(ClusterError):
    """A write was not sent, since this process does not lead (any more)."""

    def __init__(self, call: str) -> None:
        super().__init__(0, "NotLeader", f"{call}: not sent, another replica may lead by now")


class Cluster(Protocol):
    """What the operator needs of a cluster."""

    def now(self) -> datetime:
        """Return the time by the API server's clock."""
        ...

    def list_all(
        self, resource: Resource, namespace: str | None, *, metadata_only: bool = False
    ) -> AsyncIterator[Json]:
        """Yield pages, each with `items` and `metadata.resourceVersion`."""
        ...

    async def discover(self, group: str) -> str | None:
        """Return the version that the API server prefers of an API group; None where it serves none."""
        ...

    async def get(self, resource: Resource, namespace: str, name: str, subresource: str | None = None) -> Json:
        """Return an object, or a subresource of it."""
        ...

    async def create(self, resource: Resource, namespace: str, manifest: Json) -> Json:
        """Return the created object."""
        ...

    async def patch(
        self, resource: Resource, namespace: str, name: str, operations: list[Json], subresource: str | None = None
    ) -> Json:
        """Apply a JSON patch and return the patched object."""
        ...

    async def delete(
        self, resource: Resource, namespace: str, name: str, uid: str, *, grace_seconds: int | None = None
    ) -> None:
        """Delete an object if it still has that uid, in the foreground: it goes after its children.

        With `grace_seconds` it is a pod, which has no children, and which has that long instead of its own time.
        """
        ...


class KubernetesCluster:
    """A cluster reached through the official client."""

    def __init__(
        self, configuration: Configuration, on_write: OnWrite, may_write: MayWrite, agent: str = _AGENT
    ) -> None:
        self._configuration = configuration
        self._connection = _Connection(configuration)
        self._agent = agent
        self._on_write = on_write
        self._may_write = may_write
        self._clock = ServerClock()

    @classmethod
    async def connect(
        cls,
        kubeconfig: str | None,
        on_write: OnWrite,
        may_write: MayWrite = lambda: True,
        identity: str | None = None,
    ) -> "KubernetesCluster":
        """Use the pod's ServiceAccount, or a kubeconfig file; raises ClusterError when neither is there."""
        configuration = Configuration()
        # A ~/.netrc must not replace the token, and looking for it costs every request two turns in a thread.
        configuration.client_session_kwargs = {"trust_env": False, "cookie_jar": aiohttp.DummyCookieJar()}
        try:
            if kubeconfig is None:
                load_incluster_config(client_configuration=configuration)  # type: ignore[no-untyped-call]
            else:
                await load_kube_config(  # type: ignore[no-untyped-call]
                    config_file=kubeconfig, client_configuration=configuration
                )
        except (ConfigException, OSError) as error:
            where = kubeconfig or "this pod's ServiceAccount"
            raise ClusterError(0, "Configuration", f"cannot log in with {where}: {error}") from error
        return cls(configuration, on_write, may_write, f"{_AGENT}/{identity}" if identity else _AGENT)

    async def close(self) -> None:
        """Close the connections."""
        await self._connection.close()

    async def describe_login(self) -> dict[str, Any]:
        """Return what another client needs to log in likewise: server, ca_path, certificate, key, token."""
        configuration = self._configuration
        bearer = await configuration.get_api_key_with_prefix("BearerToken", alias="authorization")
        return {
            "server": configuration.host,
            "ca_path": configuration.ssl_ca_cert,
            "certificate_path": configuration.cert_file,
            "private_key_path": configuration.key_file,
            "insecure": not configuration.verify_ssl,
            "scheme": "Bearer" if bearer else None,
            "token": bearer.split(" ", 1)[-1] if bearer else None,
        }

    def now(self) -> datetime:
        """Return the time by the API server's clock."""
        return self._clock.now()

    async def list_all(
        self, resource: Resource, namespace: str | None, *, metadata_only: bool = False
    ) -> AsyncIterator[Json]:
        """Yield pages, as long as a page's bytes allow and at most `PAGE_SIZE`: one after the other is in memory."""
        selectors = {"labelSelector": resource.selector, "fieldSelector": resource.fields}
        query = {name: value for name, value in selectors.items() if value}
        accept = _METADATA_ONLY if metadata_only else _JSON
        more: str | None = ""
        size = FIRST_PAGE_SIZE
        while more is not None:
            asked = {**query, "limit": str(size), **({"continue": more} if more else {})}
            try:
                page = await self._call(
                    "GET", resource.path(namespace), query=asked, accept=accept, is_bounded=size > 1
                )
            except _PageTooLongError:
                size = max(size // 4, 1)
                continue
            size = min(size * 2, PAGE_SIZE)
            more = page.get("metadata", {}).get("continue") or None
            yield page

    async def discover(self, group: str) -> str | None:
        """Return the version that the API server prefers of an API group; None where it serves none."""
        try:
            found = await self._call("GET", f"/apis/{group}")
        except ClusterError as error:
            if error.status == 404:
                return None
            raise
        version: str | None = found.get("preferredVersion", {}).get("version")
        return version

    async def get(self, resource: Resource, namespace: str, name: str, subresource: str | None = None) -> Json:
        """Return an object, or a subresource of it."""
        return await self._call("GET", resource.path(namespace, name, subresource))

    async def create(self, resource: Resource, namespace: str, manifest: Json) -> Json:
        """Return the created object."""
        return await self._call("POST", resource.path(namespace), manifest, write=("create", resource.plural))

    async def patch(
        self, resource: Resource, namespace: str, name: str, operations: list[Json], subresource: str | None = None
    ) -> Json:
        """Apply a JSON patch and return the patched object."""
        write = ("patch", f"{resource.plural}/{subresource}" if subresource else resource.plural)
        path = resource.path(namespace, name, subresource)
        return await self._call("PATCH", path, operations, content="application/json-patch+json", write=write)

    async def delete(
        self, resource: Resource, namespace: str, name: str, uid: str, *, grace_seconds: int | None = None
    ) -> None:
        """Delete an object if it still has that uid: in the foreground, or as a pod with another grace period."""
        way: Json = (
            {"propagationPolicy": "Foreground"} if grace_seconds is None else {"gracePeriodSeconds": grace_seconds}
        )
        options = {**way, "preconditions": {"uid": uid}}
        await self._call("DELETE", resource.path(namespace, name), options, write=("delete", resource.plural))

    async def create_lease(self, namespace: str, manifest: Json) -> Json:
        """Create a Lease, whoever leads, and return it."""
        return await self._call("POST", LEASES.path(namespace), manifest)

    async def replace_lease(self, namespace: str, name: str, manifest: Json) -> Json:
        """Replace a Lease, whoever leads, provided that it is as old as the manifest says, and return it."""
        return await self._call("PUT", LEASES.path(namespace, name), manifest)

    async def _call(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        query: dict[str, str] | None = None,
        content: str = _JSON,
        accept: str = _JSON,
        write: tuple[str, str] | None = None,
        is_bounded: bool = False,
    ) -> Json:
        headers = {"Content-Type": content, "Accept": accept, "User-Agent": self._agent}
        token = await self._configuration.get_api_key_with_prefix("BearerToken", alias="authorization")
        if token:
            headers["authorization"] = token
        url = self._configuration.host + path + (f"?{urllib.parse.urlencode(query)}" if query else "")
        call = f"{method} {path}"
        if write is not None:
            if not self._may_write():
                raise NotLeaderError(call)
            self._on_write(*write)
        may_send = self._may_write if write is not None else _allow
        sent = None if body is None else _Body(to_json(body), may_send, call)
        try:
            response = await self._connection.send(method, url, headers, sent)
            data = await (_read_page(response) if is_bounded else response.read())
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            if isinstance(error.__cause__, NotLeaderError):
                raise error.__cause__ from error
            raise ClusterError(0, type(error).__name__, f"{call}: {error}") from error
        self._clock.learn(response.headers.get("Date"))
        return _decode(response.status, data, call, response.headers.get("Retry-After") or "")


class _Connection(RESTClientObject):
    """The official client's session, with its TLS and its proxy, which sends bodies as the bytes that they are."""

    async def send(
        self, method: str, url: str, headers: dict[str, str], body: "_Body | None"
    ) -> aiohttp.ClientResponse:
        """Send a request and return the answer, whose body is still to be read."""
        if self.pool_manager is None:
            self.pool_manager = self._create_pool_manager()
        return await self.pool_manager.request(
            method,
            url,
            headers=headers,
            data=body,
            timeout=REQUEST_TIMEOUT,
            server_hostname=self.configuration.tls_server_name or None,
            proxy=self.proxy,
            proxy_headers=self.proxy_headers,
        )


class _Body(aiohttp.BytesPayload):
    """A request's body, which asks once more as it goes out: there is no pause between this and the socket.

    Waiting for a connection can take all the time that the process was stopped.
    """

    def __init__(self, content: bytes, may_send: MayWrite, call: str) -> None:
        super().__init__(content)
        self._may_send, self._call = may_send, call

    async def write_with_length(self, writer: AbstractStreamWriter, content_length: int | None) -> None:
        """Write the body; raises NotLeaderError."""
        if not self._may_send():
            raise NotLeaderError(self._call)
        await super().write_with_length(writer, content_length)


def _allow() -> bool:
    """Reads, and the Lease itself, pass the fence."""
    return True


async def _read_page(response: aiohttp.ClientResponse) -> bytes:
    """Return an answer's body; raises _PageTooLongError as soon as it is too long."""
    body = bytearray()
    async for chunk in response.content.iter_chunked(2**16):
        body += chunk
        if len(body) > MAX_PAGE_BYTES:
            response.close()
            raise _PageTooLongError
    return bytes(body)


def _decode(status: int, data: bytes, call: str, retry_after: str) -> Json:
    later = float(retry_after) if retry_after.isascii() and retry_after.isdigit() else 0.0
    try:
        decoded = from_json(data) if data else {}
    except ValueError as error:
        raise ClusterError(status, "NotJson", f"{call}: {data[:200]!r}", later) from error
    if not isinstance(decoded, dict):
        raise ClusterError(status, "NotAnObject", f"{call}: {data[:200]!r}", later)
    if status >= 400:
        raise ClusterError(status, str(decoded.get("reason", "")), str(decoded.get("message", call)), later)
    return decoded
