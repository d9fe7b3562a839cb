"""How fast the operator takes in many Models at once, beside a bare kopf handler, in one run.

Each candidate gets an API server of its own (see `control_plane`) and serves one namespace: a Ready Dataset is made,
the Models are created, and the clock stops when every one has its Job and its Queued status. Writes are counted by the
API server. Prints one table; exits 1 when the operator misses a bar.

    python -m tests.bench.bench_operator [--models 1000]
"""

import argparse
import asyncio
import contextlib
import json
import os
import pathlib
import re
import ssl
import statistics
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import aiohttp

from darkroom_api import names
from darkroom_operator.cluster import ClusterError, KubernetesCluster
from darkroom_operator.resources import DATASETS, JOBS, MODELS, Resource
from tests.bench.control_plane import ControlPlane, read, start_control_plane

NAMESPACE = "darkroom-bench"
NAMESPACES = Resource("", "v1", "namespaces", "Namespace")
HEALTH_PORT, METRICS_PORT = 28081, 29090
CREATORS = 8
SETTLE_SECONDS = 20
"""Writes that come after the last status still count."""
WRITE = re.compile(
    r'apiserver_request_total\{.*code="2..",.*resource="(?:jobs|models|events|configmaps)".*verb="(?:POST|PUT|PATCH|APPLY|DELETE)"'
)
MODEL_NAME = re.compile(rb'"name":"(bench-[0-9]{4,})"')
BARS = {"models_per_second": 100.0, "writes_per_model": 3.0, "resident_mb": 200.0}
CONFIG = {
    "namespaces": [NAMESPACE],
    "trainer": {"image": "bench.invalid/trainer:none"},
    "defaultComputeClass": "nowhere",
    "computeClasses": {
        "nowhere": {"nodeSelector": {"darkroom.dev/bench": "no-node-has-this"}, "cpu": "10m", "memory": "16Mi"}
    },
}


@dataclass
class Seen:
    """When each Model was created, got its Job, and said Queued; seconds on the monotonic clock."""

    created: dict[str, float] = field(default_factory=dict)
    job: dict[str, float] = field(default_factory=dict)
    queued: dict[str, float] = field(default_factory=dict)

    def complete(self, count: int) -> bool:
        """Return whether all of `count` Models have both."""
        return len(self.job) >= count and len(self.queued) >= count


@dataclass(frozen=True)
class Candidate:
    """A program to measure, and how it says that it is ready."""

    name: str
    build_command: Callable[[pathlib.Path], list[str]]
    wait_ready: Callable[[], Awaitable[None]]


async def main() -> int:
    """Run the bench; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", type=int, default=1000)
    parser.add_argument("--timeout", type=float, default=180)
    options = parser.parse_args()
    candidates = (
        Candidate("bare kopf", build_baseline_command, wait_moment),
        Candidate("darkroom", build_operator_command, wait_operator_ready),
    )
    results = {}
    for candidate in candidates:
        print(f"measuring {candidate.name} on {options.models} Models", flush=True)
        with start_control_plane() as plane:
            results[candidate.name] = await run_candidate(candidate, plane, options.models, options.timeout)
    return print_table(results)


async def run_candidate(candidate: Candidate, plane: ControlPlane, count: int, timeout: float) -> dict[str, float]:
    """Return the numbers of one candidate on a fresh API server."""
    cluster = await KubernetesCluster.connect(str(plane.kubeconfig), lambda _verb, _resource: None)
    try:
        await prepare(cluster)
        with start(candidate, plane) as process:
            await candidate.wait_ready()
            return await measure(cluster, plane, process.pid, count, timeout)
    finally:
        await cluster.close()


async def measure(
    cluster: KubernetesCluster, plane: ControlPlane, pid: int, count: int, timeout: float
) -> dict[str, float]:
    """Create the Models, wait, and return the numbers."""
    seen = Seen()
    watchers = [asyncio.create_task(watch(cluster, resource, seen)) for resource in (JOBS, MODELS)]
    await asyncio.sleep(1)
    writes_before, cpu_before = count_writes(plane), read_cpu_seconds(pid)
    started = time.monotonic()
    await create_models(cluster, count, seen)
    created_in = time.monotonic() - started
    peak = 0.0
    while not seen.complete(count) and time.monotonic() - started < timeout:
        peak = max(peak, read_resident_mb(pid))
        await asyncio.sleep(0.2)
    finished = max([*seen.job.values(), *seen.queued.values()], default=time.monotonic())
    await asyncio.sleep(SETTLE_SECONDS)
    for watcher in watchers:
        watcher.cancel()
    waits = sorted(seen.job[name] - seen.created[name] for name in seen.job if name in seen.created)
    return {
        "with_job_and_queued": min(len(seen.job), len(seen.queued)),
        "created_in_seconds": created_in,
        "all_done_seconds": finished - started,
        "models_per_second": min(len(seen.job), len(seen.queued)) / (finished - started),
        "writes_per_model": (count_writes(plane) - writes_before - count) / count,
        "create_to_job_p50_seconds": statistics.median(waits),
        "create_to_job_p99_seconds": waits[int(0.99 * (len(waits) - 1))],
        "cpu_seconds": read_cpu_seconds(pid) - cpu_before,
        "resident_mb": max(peak, read_resident_mb(pid)),
    }


def print_table(results: dict[str, dict[str, float]]) -> int:
    """Print the candidates side by side with the bars; returns 1 when the operator misses one."""
    missed = False
    print(f"{'':28}" + "".join(f"{name:>14}" for name in results))
    for row, value in results["darkroom"].items():
        bar = BARS.get(row)
        reached = bar is None or (value >= bar if row == "models_per_second" else value <= bar)
        missed |= not reached
        verdict = "" if bar is None else f"   bar {bar:g} {'ok' if reached else 'MISSED'}"
        print(f"{row:28}" + "".join(f"{numbers[row]:14.2f}" for numbers in results.values()) + verdict)
    return int(missed)


async def prepare(cluster: KubernetesCluster) -> None:
    """Make the namespace and a Dataset that is Ready."""
    with contextlib.suppress(ClusterError):
        await cluster.create(NAMESPACES, "", build_namespace())
    await asyncio.sleep(1)
    dataset = await cluster.create(DATASETS, NAMESPACE, build_dataset())
    status = build_ready_status(dataset["metadata"]["generation"])
    operations: list[dict[str, Any]] = [{"op": "add", "path": "/status", "value": status}]
    await cluster.patch(DATASETS, NAMESPACE, "bench", operations, "status")


async def create_models(cluster: KubernetesCluster, count: int, seen: Seen) -> None:
    """Create all Models as fast as a few clients can."""
    pending = iter(range(count))

    async def create() -> None:
        for number in pending:
            name = f"bench-{number:04d}"
            await cluster.create(MODELS, NAMESPACE, build_model(name))
            seen.created[name] = time.monotonic()

    await asyncio.gather(*(create() for _ in range(CREATORS)))


async def watch(cluster: KubernetesCluster, resource: Resource, seen: Seen) -> None:
    """Note when Jobs appear and when Models say Queued. Lines are searched, not parsed: the bench shares the cores."""
    login = await cluster.describe_login()
    found, mark = (seen.job, b'"kind":"Job"') if resource is JOBS else (seen.queued, b'"phase":"Queued"')
    async for line in stream(login, resource.path(NAMESPACE) + "?watch=true"):
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


def build_baseline_command(_: pathlib.Path) -> list[str]:
    """Return the command of the bare handler."""
    return [sys.executable, "-m", "tests.bench.bare_kopf", NAMESPACE]


def build_operator_command(folder: pathlib.Path) -> list[str]:
    """Return the operator's command, its configuration written into `folder`."""
    config = folder / "config.yaml"
    config.write_text(json.dumps(CONFIG))
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


def build_namespace() -> dict[str, Any]:
    """Return the namespace, which enforces the restricted level as the product asks for."""
    labels = {"pod-security.kubernetes.io/enforce": "restricted"}
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE, "labels": labels}}


def build_dataset() -> dict[str, Any]:
    """Return the Dataset."""
    spec = {"annotationKind": "imageClassification", "annotationFiles": ["s3://bench/train.json"]}
    return {"apiVersion": names.API_VERSION, "kind": "Dataset", "metadata": {"name": "bench"}, "spec": spec}


def build_ready_status(generation: int) -> dict[str, Any]:
    """Return the status of a Dataset that was inspected."""
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    ready = {"type": "Ready", "status": "True", "reason": "Ready", "message": "", "observedGeneration": generation}
    return {
        "observedGeneration": generation,
        "phase": "Ready",
        "reason": "Ready",
        "summary": {"images": 10, "annotations": 10, "revision": "sha256:bench"},
        "conditions": [{**ready, "lastTransitionTime": now}],
    }


def build_model(name: str) -> dict[str, Any]:
    """Return a Model."""
    spec = {"task": "classifier", "dataset": "bench", "budget": "1h"}
    return {"apiVersion": names.API_VERSION, "kind": "Model", "metadata": {"name": name}, "spec": spec}


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
