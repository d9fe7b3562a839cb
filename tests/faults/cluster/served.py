"""The server's back end over a wire to the fault cluster, and namespaces for it.

Owns starting and ending it. Must not know any test.
"""

import asyncio
import contextlib
import itertools
import pathlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, Final

from bench.clusters.kubeconfig import write_kubeconfig
from darkroom_server.backends.kubernetes_api import KubernetesApi
from darkroom_server.backends.kubernetes_backend import KubernetesBackend
from darkroom_server.config_file import ClusterSection
from tests.faults.cluster.api import NAMESPACES
from tests.faults.cluster.control_plane import FaultCluster
from tests.faults.cluster.wire import Wire, lay_wire

_numbers: Final = itertools.count(1)


def make_namespace(cluster: FaultCluster) -> str:
    """Create a namespace; returns its name."""
    name = f"served-{next(_numbers)}"
    cluster.api.create(NAMESPACES, None, {"metadata": {"name": name}})
    return name


@contextlib.asynccontextmanager
async def running(
    cluster: FaultCluster,
    folder: pathlib.Path,
    *namespaces: str,
    unreadable: list[str] | None = None,
    token: str | None = None,
    **section: Any,
) -> AsyncIterator[tuple[KubernetesBackend, KubernetesApi, Wire]]:
    """Give a back end that has read everything, over a wire that can be cut; as the administrator without a token.

    `section` is more of its configuration.
    """
    async with lay_wire(cluster.control.port) as wire:
        kubeconfig = folder / "kubeconfig"
        write_kubeconfig(
            kubeconfig, wire.port, cluster.control.folder / "apiserver.crt", token or cluster.control.token
        )
        api = await KubernetesApi.connect(str(kubeconfig))
        told = unreadable if unreadable is not None else []
        backend = KubernetesBackend(api, ClusterSection(namespaces=namespaces, **section), told.append)
        task = asyncio.create_task(backend.run())
        try:
            await until(lambda: backend.is_ready)
            yield backend, api, wire
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            await api.close()


async def until(holds: Callable[[], bool] | Callable[[], Awaitable[bool]], seconds: float = 20) -> None:
    """Wait until something holds."""
    async with asyncio.timeout(seconds):
        while True:
            answer = holds()
            if answer if isinstance(answer, bool) else await answer:
                return
            await asyncio.sleep(0.05)
