"""The API and, on a port of its own, the probes, over one back end, from the start to the end of the process.

Owns the order: probes first, requests while it is not told to stop, back end and probes last.
"""

import asyncio
import pathlib
from dataclasses import dataclass
from typing import Final, Protocol

from darkroom_server.app import build_app
from darkroom_server.auth.admission import Admission
from darkroom_server.backends.backend import Backend
from darkroom_server.config import ServerConfig
from darkroom_server.metrics import ServerMetrics
from darkroom_server.routes.parts import build_parts
from darkroom_server.routes.probes import READY, build_probes
from darkroom_server.serving import Place, Stopping, serve

ANY_ADDRESS: Final = "0.0.0.0"
"""The pod's Service connects to it."""
_PROBES_GRACE_SECONDS: Final = 1.0


class RunningBackend(Backend, Protocol):
    """A back end that keeps up with something."""

    @property
    def is_ready(self) -> bool:
        """Return whether every resource is known."""

    async def run(self) -> None:
        """Keep up until the task is cancelled."""


@dataclass(frozen=True)
class Terms:
    """Where a process listens, and how it ends."""

    port: int
    probe_port: int
    linger_seconds: float
    grace_seconds: float
    certificate: pathlib.Path | None = None
    key: pathlib.Path | None = None


async def run_process(
    backend: RunningBackend, admission: Admission, config: ServerConfig, metrics: ServerMetrics, terms: Terms
) -> None:
    """Answer until the process is told to stop, and until every request has ended."""
    stopping = Stopping()
    stopping.listen()
    parts = build_parts(backend, admission, config, metrics.count_prediction)
    models = parts.models
    metrics.follow(lambda: models.num_waiting, lambda: models.num_loaded, lambda: models.loaded_bytes)

    def describe_state() -> str:
        if stopping.has_begun:
            return "it was told to stop"
        return READY if backend.is_ready else "the resources of the cluster are not read yet"

    probes = build_probes(metrics, describe_state)
    end = terms.linger_seconds + terms.grace_seconds
    async with asyncio.TaskGroup() as tasks:
        beside = [
            tasks.create_task(backend.run()),
            tasks.create_task(parts.runs.run()),
            tasks.create_task(
                serve(probes, Place(ANY_ADDRESS, terms.probe_port), stopping, end, _PROBES_GRACE_SECONDS)
            ),
        ]
        place = Place(ANY_ADDRESS, terms.port, terms.certificate, terms.key)
        await serve(build_app(parts), place, stopping, terms.linger_seconds, terms.grace_seconds)
        for task in beside:
            task.cancel()
