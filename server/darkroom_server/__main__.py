"""`python -m darkroom_server`: the server of a cluster, or of one model that KServe mounts.

Owns the flags and the logs. `command` is the server without a cluster.
"""

import argparse
import asyncio
import logging
import os
import pathlib
import sys
from collections.abc import Sequence
from typing import Final

from darkroom_api.json_logs import JsonFormatter
from darkroom_predict.errors import ModelUnusable
from darkroom_server.auth.keys import KeysUnusable
from darkroom_server.backends.backend import BackendProblem
from darkroom_server.config_file import ConfigError, read_config
from darkroom_server.running.cluster_server import run_cluster_server
from darkroom_server.running.kserve_runtime import run_kserve_runtime
from darkroom_server.running.process import Terms
from darkroom_server.serving import CannotServe
from darkroom_storage.errors import StorageMisconfigured
from darkroom_storage.secrets import hide_tree

_LOGGER: Final = logging.getLogger("darkroom_server")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the server until it is told to stop; returns the exit code."""
    options = _parse(arguments)
    _configure_logs()
    try:
        asyncio.run(_run(options))
    except (ConfigError, KeysUnusable, ModelUnusable, BackendProblem, CannotServe, StorageMisconfigured) as problem:
        _LOGGER.error("%s", problem)
        return 1
    return 0


async def _run(options: argparse.Namespace) -> None:
    terms = Terms(
        port=options.port,
        probe_port=options.probe_port,
        linger_seconds=options.linger_seconds,
        grace_seconds=options.grace_seconds,
        certificate=options.tls_cert,
        key=options.tls_key,
    )
    if options.model_folder is not None:
        await run_kserve_runtime(options.model_folder, options.model_name, options.threads, terms)
    else:
        await run_cluster_server(read_config(options.config), options.kubeconfig, terms)


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


if __name__ == "__main__":
    sys.exit(main())
