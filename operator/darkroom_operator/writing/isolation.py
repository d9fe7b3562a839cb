"""The NetworkPolicy of trainers in each namespace, in place before the namespace's Jobs.

Owns when it is looked at and what a refusal means. Must not decide what it says (`manifests.network_policy`).
"""

import asyncio
import time
from typing import Final

from darkroom_operator.api.cluster import Cluster, ClusterError
from darkroom_operator.api.resources import ENDPOINT_SLICES, NETWORK_POLICIES, SERVICES, Json
from darkroom_operator.config import TrainerPolicyConfig
from darkroom_operator.manifests.network_policy import NAME, ApiServer, build_policy, read_api_server
from darkroom_operator.writing.apply import NamespaceGoneError, is_namespace_gone

CHECK_SECONDS: Final = 60.0
"""How long a namespace is not looked at again: somebody may delete the policy, or the namespace and make it anew."""
_REFUSED: Final = frozenset({400, 403, 404, 422})


class PolicyRefusedError(Exception):
    """The API server does not let the operator keep the policy; no Job may start without it."""


class Isolation:
    """Keeps the policy; a namespace that has it costs a read each `CHECK_SECONDS` in which Jobs start."""

    def __init__(self, cluster: Cluster, config: TrainerPolicyConfig, spans_nodes: bool = False) -> None:
        self._cluster = cluster
        self._config = config
        self._spans_nodes = spans_nodes
        self._api_server: ApiServer | None = None
        self._checked_at: dict[str, float] = {}
        self._lock = asyncio.Lock()

    async def ensure(self, namespace: str) -> None:
        """Put the policy in place; raises PolicyRefusedError, NamespaceGoneError, ClusterError."""
        async with self._lock:
            since = time.monotonic() - self._checked_at.get(namespace, float("-inf"))
            if not self._config.enabled or since < CHECK_SECONDS:
                return
            try:
                api_server = await self._find_api_server()
                await self._write(build_policy(namespace, self._config, api_server, self._spans_nodes))
            except ClusterError as error:
                if is_namespace_gone(error):
                    raise NamespaceGoneError(str(error)) from error
                if error.status in _REFUSED:
                    raise PolicyRefusedError(error.message) from error
                raise
            self._checked_at[namespace] = time.monotonic()

    async def _find_api_server(self) -> ApiServer | None:
        if self._config.egress is None and self._api_server is None:
            service = await self._cluster.get(SERVICES, "default", "kubernetes")
            self._api_server = read_api_server(
                service, await self._cluster.get(ENDPOINT_SLICES, "default", "kubernetes")
            )
        return self._api_server

    async def _write(self, manifest: Json) -> None:
        namespace, spec = manifest["metadata"]["namespace"], manifest["spec"]
        try:
            found = await self._cluster.get(NETWORK_POLICIES, namespace, NAME)
        except ClusterError as error:
            if error.status != 404:
                raise
            await self._cluster.create(NETWORK_POLICIES, namespace, manifest)
            return
        if found["spec"] != spec:
            change = [{"op": "replace", "path": "/spec", "value": spec}]
            await self._cluster.patch(NETWORK_POLICIES, namespace, NAME, change)
