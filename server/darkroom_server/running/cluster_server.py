"""The server of a cluster: its resources, its keys, its users."""

import asyncio
import pathlib

from darkroom_server.auth.cluster import ClusterAdmission
from darkroom_server.auth.reviews import Reviews
from darkroom_server.backends.kubernetes_api import KubernetesApi
from darkroom_server.backends.kubernetes_backend import KubernetesBackend
from darkroom_server.config_file import ConfigFile
from darkroom_server.metrics import ServerMetrics
from darkroom_server.running.process import Terms, run_process


async def run_cluster_server(config: ConfigFile, kubeconfig: str | None, terms: Terms) -> None:
    """Run until the process is told to stop; raises Unavailable without a login, KeysUnusable."""
    metrics, folder = ServerMetrics(), config.access.keys_folder
    api = await KubernetesApi.connect(kubeconfig)
    try:
        backend = KubernetesBackend(api, config.cluster, metrics.count_unreadable)
        reviews = Reviews(api) if config.access.bearer_tokens else None
        admission = ClusterAdmission(pathlib.Path(folder) if folder else None, reviews, config.cluster.namespaces)
        async with asyncio.TaskGroup() as tasks:
            following = tasks.create_task(admission.follow_keys())
            await run_process(backend, admission, config.limits, metrics, terms)
            following.cancel()
    finally:
        await api.close()
