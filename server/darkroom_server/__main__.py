"""`python -m darkroom_server`: the server of a cluster, or of one model that KServe mounts.

Owns the flags, what is put together, and the order of start and end. `command` is the server without a cluster.
"""

import argparse
import asyncio
import contextlib
import logging
import os
import pathlib
import sys
from collections.abc import AsyncIterator, Sequence
from typing import Final

from darkroom_api.json_logs import JsonFormatter
from darkroom_predict.errors import ModelUnusable
from darkroom_server.app import build_app
from darkroom_server.auth.admission import Admission
from darkroom_server.auth.cluster import ClusterAdmission
from darkroom_server.auth.gateway import GatewayAdmission
from darkroom_server.auth.keys import KeysUnusable
from darkroom_server.auth.reviews import Reviews
from darkroom_server.backends.backend import BackendProblem
from darkroom_server.backends.kubernetes_api import KubernetesApi
from darkroom_server.backends.kubernetes_backend import KubernetesBackend
from darkroom_server.backends.one_model import NAMESPACE, OneModel, open_model
from darkroom_server.config_file import ConfigError, ConfigFile, PredictionSection, read_config
from darkroom_server.metrics import ServerMetrics
from darkroom_server.routes.parts import build_parts
from darkroom_server.routes.probes import READY, build_probes
from darkroom_server.serving import CannotServe, Place, Stopping, serve
from darkroom_storage.secrets import hide_tree

ANY_ADDRESS: Final = "0.0.0.0"
"""The pod's Service connects to it."""
_LOGGER: Final = logging.getLogger("darkroom_server")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the server until it is told to stop; returns the exit code."""
    options = _parse(arguments)
    _configure_logs()
    try:
        asyncio.run(_run_one_model(options) if options.model_folder else _run_cluster(options))
    except (ConfigError, KeysUnusable, ModelUnusable, BackendProblem, CannotServe) as problem:
        _LOGGER.error("%s", problem)
        return 1
    return 0


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="darkroom_server", description="Answers about images with Models by name.")
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--config", type=pathlib.Path, help="YAML file with the configuration of a cluster's server")
    source.add_argument(
        "--model-folder", type=pathlib.Path, help="serve this one model, to everybody: a gateway decides who may call"
    )
    parser.add_argument("--model-name", default="model", help="its name")
    parser.add_argument("--threads", type=int, default=2, help="images that are computed at once, of that one model")
    parser.add_argument("--port", type=int, default=8080, help="port of the API")
    parser.add_argument("--probe-port", type=int, default=9090, help="port of /healthz, /readyz and /metrics")
    parser.add_argument("--tls-cert", type=pathlib.Path, help="certificate in PEM; plain http when absent")
    parser.add_argument("--tls-key", type=pathlib.Path, help="its key in PEM")
    parser.add_argument("--kubeconfig", default=os.environ.get("KUBECONFIG"), help="in-cluster login when absent")
    parser.add_argument(
        "--linger-seconds", type=float, default=5.0, help="answers for so long after it was told to stop"
    )
    parser.add_argument("--grace-seconds", type=float, default=30.0, help="then requests at work have so long to end")
    options = parser.parse_args(arguments)
    if (options.tls_cert is None) != (options.tls_key is None):
        parser.error("--tls-cert and --tls-key belong together")
    return options


def _configure_logs() -> None:
    handler = logging.StreamHandler()
    handler.setFormatter(JsonFormatter(hide_tree))
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    _LOGGER.setLevel(logging.INFO)


async def _run_cluster(options: argparse.Namespace) -> None:
    config, metrics = read_config(options.config), ServerMetrics()
    async with _connected(options.kubeconfig) as api:
        backend = KubernetesBackend(api, config.cluster, metrics.count_unreadable)
        folder = config.access.keys_folder
        reviews = Reviews(api) if config.access.bearer_tokens else None
        admission = ClusterAdmission(pathlib.Path(folder) if folder else None, reviews, config.cluster.namespaces)
        async with asyncio.TaskGroup() as tasks:
            following = tasks.create_task(admission.follow_keys())
            await _serve(backend, admission, config, metrics, options)
            following.cancel()


async def _run_one_model(options: argparse.Namespace) -> None:
    backend = OneModel(open_model(options.model_folder, options.model_name))
    config = ConfigFile(prediction=PredictionSection(threads=options.threads))
    await _serve(backend, GatewayAdmission(NAMESPACE), config, ServerMetrics(), options)


@contextlib.asynccontextmanager
async def _connected(kubeconfig: str | None) -> AsyncIterator[KubernetesApi]:
    api = await KubernetesApi.connect(kubeconfig)
    try:
        yield api
    finally:
        await api.close()


async def _serve(
    backend: KubernetesBackend | OneModel,
    admission: Admission,
    config: ConfigFile,
    metrics: ServerMetrics,
    options: argparse.Namespace,
) -> None:
    """Answer until the process is told to stop, and until every request has ended."""
    stopping = Stopping()
    stopping.listen()
    parts = build_parts(backend, admission, config.limits, metrics.count_prediction)
    models = parts.models
    metrics.follow(lambda: models.num_waiting, lambda: models.num_loaded, lambda: models.loaded_bytes)

    def describe_state() -> str:
        if stopping.has_begun:
            return "it was told to stop"
        return READY if backend.is_ready else "the resources of the cluster are not read yet"

    api_place = Place(ANY_ADDRESS, options.port, options.tls_cert, options.tls_key)
    probe_place = Place(ANY_ADDRESS, options.probe_port)
    end = options.linger_seconds + options.grace_seconds
    async with asyncio.TaskGroup() as tasks:
        beside = [
            tasks.create_task(backend.run()),
            tasks.create_task(serve(build_probes(metrics, describe_state), probe_place, stopping, end, 1.0)),
        ]
        await serve(build_app(parts), api_place, stopping, options.linger_seconds, options.grace_seconds)
        for task in beside:
            task.cancel()


if __name__ == "__main__":
    sys.exit(main())
