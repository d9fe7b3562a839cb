"""Lets the pods of a run on several nodes meet: the Secret is there before their Job, the Service right after it.

Owns when they are made, and made again where somebody deleted them: the operator may create Services and Secrets and
neither read nor list them, so that it tries, and learns that they are there. Must not decide what they say
(`manifests.nodes`).
"""

import time
from typing import Final

from darkroom_operator.api.certificates import make_key_pair
from darkroom_operator.api.cluster import Cluster, ClusterError
from darkroom_operator.api.resources import SECRETS, SERVICES, Json, Key, Resource
from darkroom_operator.decide.waits.waiting import explain_refused_object
from darkroom_operator.facts.children import ObservedJob
from darkroom_operator.manifests.nodes import build_secret, build_service
from darkroom_operator.writing.apply import NamespaceGoneError, NodeObjectRefusedError, is_namespace_gone

CHECK_SECONDS: Final = 60.0
"""How long they are taken for granted."""
_REFUSED: Final = frozenset({400, 403, 422})


class NodeObjects:
    """Keeps both for the Jobs that live; each such Job costs two writes each `CHECK_SECONDS`."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._made_at: dict[str, float] = {}

    async def create_secret(self, owner: Key, uid: str) -> None:
        """Make the Secret unless it is there; raises NodeObjectRefusedError, NamespaceGoneError, ClusterError."""
        await self._create(SECRETS, build_secret(owner, uid, make_key_pair(self._cluster.now())))

    async def keep(self, job: ObservedJob | None) -> str:
        """Make what a Job's pods lack; return why the API server refuses it, if it does.

        Raises NamespaceGoneError and ClusterError.
        """
        if job is None or job.owner is None or not job.indexed or not job.live or job.deleting or job.suspended:
            return ""
        now = time.monotonic()
        self._made_at = {uid: at for uid, at in self._made_at.items() if now < at + CHECK_SECONDS}
        if job.uid in self._made_at:
            return ""
        try:
            await self._create(SERVICES, build_service(job))
            await self.create_secret(job.owner, job.owner_uid)
        except NodeObjectRefusedError as error:
            return str(error)
        self._made_at[job.uid] = now
        return ""

    async def _create(self, resource: Resource, manifest: Json) -> None:
        namespace, name = manifest["metadata"]["namespace"], manifest["metadata"]["name"]
        try:
            await self._cluster.create(resource, namespace, manifest)
        except ClusterError as error:
            if is_namespace_gone(error):
                raise NamespaceGoneError(str(error)) from error
            if error.status in _REFUSED:
                raise NodeObjectRefusedError(
                    explain_refused_object(resource.kind, name, error.message, namespace)
                ) from error
            if error.status != 409:
                raise
