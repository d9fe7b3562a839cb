"""What a run shows from outside: when Models get their Job and their status, writes, memory and CPU time."""

import os
import pathlib
import re
import ssl
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from bench.clusters.control_plane import ControlPlane, read
from darkroom_operator.api.cluster import KubernetesCluster
from darkroom_operator.api.resources import JOBS, Resource

WRITE = re.compile(
    r'apiserver_request_total\{.*code="2..",.*resource="(?:jobs|models|events|configmaps)".*verb="(?:POST|PUT|PATCH|APPLY|DELETE)"'
)
MODEL_NAME = re.compile(rb'"name":"(bench-[0-9]{4,})"')


@dataclass
class Seen:
    """When each Model was created, got its Job, and said Queued; seconds on the monotonic clock."""

    created: dict[str, float] = field(default_factory=dict)
    job: dict[str, float] = field(default_factory=dict)
    queued: dict[str, float] = field(default_factory=dict)

    def complete(self, count: int) -> bool:
        """Return whether all of `count` Models have both."""
        return len(self.job) >= count and len(self.queued) >= count


async def watch(cluster: KubernetesCluster, resource: Resource, namespace: str, seen: Seen) -> None:
    """Note when Jobs appear and when Models say Queued. Lines are searched, not parsed: the bench shares the cores.

    The API server ends the watch of a client that is too slow; the next one begins with all that is there.
    """
    login = await cluster.describe_login()
    found, mark = (seen.job, b'"kind":"Job"') if resource is JOBS else (seen.queued, b'"phase":"Queued"')
    while True:
        async for line in stream(login, resource.path(namespace) + "?watch=true"):
            name = MODEL_NAME.search(line) if mark in line else None
            if name is not None:
                found.setdefault(name[1].decode(), time.monotonic())


async def stream(login: dict[str, Any], path: str) -> AsyncIterator[bytes]:
    """Yield the lines of a watch."""
    context = ssl.create_default_context(cafile=login["ca_path"])
    if login["certificate_path"]:
        context.load_cert_chain(login["certificate_path"], login["private_key_path"])
    headers = {"Authorization": f"Bearer {login['token']}"} if login["token"] else {}
    timeout = aiohttp.ClientTimeout(total=None)
    async with (
        aiohttp.ClientSession(timeout=timeout, headers=headers, read_bufsize=2**21) as session,
        session.get(login["server"] + path, ssl=context) as response,
    ):
        async for line in response.content:
            yield line


def count_writes(plane: ControlPlane) -> float:
    """Return how many writes of Jobs, Models and Events the API server has answered."""
    lines = read(plane, "/metrics").splitlines()
    return sum(float(line.rsplit(" ", 1)[1]) for line in lines if WRITE.match(line))


def read_resident_mb(pid: int) -> float:
    """Return the resident memory of a process in megabytes."""
    pages = int(pathlib.Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def read_cpu_seconds(pid: int) -> float:
    """Return the CPU time that a process has used."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def read_peak_mb(pid: int) -> float:
    """Return the greatest resident memory that a process has had, in megabytes."""
    lines = pathlib.Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) * 1024 / 1e6
