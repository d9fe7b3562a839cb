"""The programs that are measured: a bare kopf handler, and the operator."""

import asyncio
import contextlib
import json
import os
import pathlib
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass

import aiohttp

from bench.clusters.control_plane import ControlPlane
from bench.operator.load import NAMESPACE

HEALTH_PORT, METRICS_PORT = 28081, 29090
CONFIG = {
    "trainer": {"image": "bench.invalid/trainer:none"},
    "defaultComputeClass": "nowhere",
    "computeClasses": {
        "nowhere": {"nodeSelector": {"darkroom.dev/bench": "no-node-has-this"}, "cpu": "10m", "memory": "16Mi"}
    },
}


@dataclass(frozen=True)
class Candidate:
    """A program to measure, and how it says that it is ready."""

    name: str
    build_command: Callable[[pathlib.Path], list[str]]
    wait_ready: Callable[[], Awaitable[None]]


@contextlib.contextmanager
def start(candidate: Candidate, plane: ControlPlane) -> "Iterator[subprocess.Popen[bytes]]":
    """Run a candidate with its log beside the API server's; ends it in the end."""
    environment = {**os.environ, "KUBECONFIG": str(plane.kubeconfig)}
    with (plane.folder / "candidate.log").open("wb") as log:
        process = subprocess.Popen(candidate.build_command(plane.folder), stdout=log, stderr=log, env=environment)
        try:
            yield process
        finally:
            process.terminate()
            process.wait(30)


def build_baseline_command(*objects: pathlib.Path) -> list[str]:
    """Return the command of the bare handler, which writes the objects of a file or the smallest ones."""
    return [sys.executable, "-m", "bench.operator.bare_kopf", NAMESPACE, *map(str, objects)]


def build_operator_command(folder: pathlib.Path, namespaces: tuple[str, ...] = (NAMESPACE,)) -> list[str]:
    """Return the operator's command, its configuration written into `folder`; without namespaces it serves all."""
    config = folder / "config.yaml"
    config.write_text(json.dumps({**CONFIG, "namespaces": namespaces}))
    ports = ["--health-port", str(HEALTH_PORT), "--metrics-port", str(METRICS_PORT)]
    return [sys.executable, "-m", "darkroom_operator", "--config", str(config), *ports]


async def wait_moment() -> None:
    """The bare handler has no way to say that it is ready."""
    await asyncio.sleep(6)


async def wait_operator_ready() -> None:
    """Wait until the operator is ready; raises TimeoutError."""
    async with aiohttp.ClientSession() as session, asyncio.timeout(60):
        while True:
            with contextlib.suppress(aiohttp.ClientError):
                async with session.get(f"http://127.0.0.1:{HEALTH_PORT}/readyz") as response:
                    if response.status == 200:
                        await asyncio.sleep(2)
                        return
            await asyncio.sleep(0.2)


BARE_KOPF = Candidate("bare kopf", lambda _: build_baseline_command(), wait_moment)
DARKROOM = Candidate("darkroom", build_operator_command, wait_operator_ready)


def build_same_writer(objects: pathlib.Path) -> Candidate:
    """Return the bare handler that writes what Darkroom writes: what is left is what deciding it costs."""
    return Candidate("same objects", lambda _: build_baseline_command(objects), wait_moment)
