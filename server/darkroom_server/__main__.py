"""`python -m darkroom_server --config FILE`: the server of a cluster.

Owns the flags, what is put together for a cluster, and the order of start and end. `command` is the one without.
"""

import argparse
import asyncio
import logging
import os
import pathlib
import sys
from collections.abc import Sequence
from typing import Final

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from darkroom_api.json_logs import JsonFormatter
from darkroom_server.app import build_app
from darkroom_server.auth.cluster import ClusterAdmission
from darkroom_server.auth.keys import KeysUnusable
from darkroom_server.auth.reviews import Reviews
from darkroom_server.backends.backend import BackendProblem
from darkroom_server.backends.kubernetes_api import KubernetesApi
from darkroom_server.backends.kubernetes_backend import KubernetesBackend
from darkroom_server.config_file import ConfigError, ConfigFile, read_config
from darkroom_server.metrics import CONTENT_TYPE, ServerMetrics
from darkroom_server.prediction.loaded import LoadedModels
from darkroom_server.routes.parts import Parts
from darkroom_server.serving import Stopping, serve
from darkroom_storage.secrets import hide_tree

ANY_ADDRESS: Final = "0.0.0.0"
"""The pod's Service connects to it."""
_LOGGER: Final = logging.getLogger("darkroom_server")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the server until it is told to stop; returns the exit code."""
    options = _parse(arguments)
    _configure_logs()
    try:
        asyncio.run(_run(read_config(options.config), options))
    except (ConfigError, KeysUnusable, BackendProblem) as problem:
        _LOGGER.error("%s", problem)
        return 1
    return 0


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="darkroom_server", description="Answers about images with Models by name.")
    parser.add_argument("--config", type=pathlib.Path, required=True, help="YAML file with the configuration")
    parser.add_argument("--port", type=int, default=8080, help="port of the API")
    parser.add_argument("--probe-port", type=int, default=9090, help="port of /healthz, /readyz and /metrics")
    parser.add_argument("--kubeconfig", default=os.environ.get("KUBECONFIG"), help="in-cluster login when absent")
    parser.add_argument(
        "--linger-seconds", type=float, default=5.0, help="answers for so long after it was told to stop"
    )
    parser.add_argument("--grace-seconds", type=float, default=30.0, help="then requests at work have so long to end")
    return parser.parse_args(arguments)


def _configure_logs() -> None:
    handler = logging.StreamHandler()
    handler.setFormatter(JsonFormatter(hide_tree))
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    _LOGGER.setLevel(logging.INFO)


async def _run(config: ConfigFile, options: argparse.Namespace) -> None:
    metrics, stopping = ServerMetrics(), Stopping()
    stopping.listen()
    api = await KubernetesApi.connect(options.kubeconfig)
    try:
        backend = KubernetesBackend(api, config.cluster, metrics.count_unreadable)
        folder = config.access.keys_folder
        reviews = Reviews(api) if config.access.bearer_tokens else None
        admission = ClusterAdmission(pathlib.Path(folder) if folder else None, reviews, config.cluster.namespaces)
        limits = config.limits
        app = build_app(Parts(backend, admission, LoadedModels(backend, limits.prediction), limits))
        probes = _build_probes(backend, metrics, stopping)
        where = {"stopping": stopping, "host": ANY_ADDRESS, "grace_seconds": options.grace_seconds}
        async with asyncio.TaskGroup() as tasks:
            beside = [
                tasks.create_task(backend.run()),
                tasks.create_task(admission.follow_keys()),
                tasks.create_task(serve(probes, **where, port=options.probe_port, linger_seconds=3600.0)),
            ]
            await serve(app, **where, port=options.port, linger_seconds=options.linger_seconds)
            for task in beside:
                task.cancel()
    finally:
        await api.close()


def _build_probes(backend: KubernetesBackend, metrics: ServerMetrics, stopping: Stopping) -> Starlette:
    """Return what the kubelet and Prometheus ask: on a port of its own, which no Ingress leads to."""

    async def live(_: Request) -> Response:
        return PlainTextResponse("ok")

    async def ready(_: Request) -> Response:
        if stopping.has_begun:
            return PlainTextResponse("stopping", 503)
        if not backend.is_ready:
            return PlainTextResponse("the resources of the cluster are not read yet", 503)
        return PlainTextResponse("ok")

    async def scrape(_: Request) -> Response:
        return Response(metrics.render(), media_type=CONTENT_TYPE)

    return Starlette(routes=[Route("/healthz", live), Route("/readyz", ready), Route("/metrics", scrape)])


if __name__ == "__main__":
    sys.exit(main())
