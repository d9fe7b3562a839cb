"""Many Models created at once, of which each is to get its Job and its Queued status.

Owns the measuring: a Ready Dataset is made, the Models are created, and the clock stops when every one has both. Writes
are counted by the API server, which each candidate has for itself, with one namespace.
"""

import asyncio
import json
import pathlib
import statistics
import tempfile
import time
from dataclasses import asdict
from typing import Final

from bench.clusters.control_plane import ControlPlane, start_control_plane
from bench.operator.candidates import BARE_KOPF, DARKROOM, Candidate, build_same_writer, start
from bench.operator.load import NAMESPACE, create_models, name_model, prepare
from bench.operator.objects import capture
from bench.operator.observation import Seen, count_writes, read_cpu_seconds, read_resident_mb, watch
from darkroom_operator.api.cluster import KubernetesCluster
from darkroom_operator.api.resources import JOBS, MODELS

REST_SECONDS: Final = 10
"""Before each candidate, so that what the one before left to be written and collected is not charged to the next."""
SETTLE_SECONDS: Final = 20
"""Writes that come after the last status still count."""
TIMEOUT_SECONDS: Final = 180.0


async def measure_intake(models: int) -> dict[str, dict[str, float]]:
    """Return the numbers of two bare handlers and the operator, which ran one after the other.

    The one writes the smallest objects, the other those of the operator.
    """
    with tempfile.TemporaryDirectory() as folder:
        written = pathlib.Path(folder) / "objects.json"
        bare = await run_candidate(BARE_KOPF, models)
        ours = await run_candidate(DARKROOM, models, written)
        same = await run_candidate(build_same_writer(written), models)
    for name, other in (("of_bare_kopf", bare), ("of_bare_kopf_with_same_objects", same)):
        ours[name] = ours["models_per_second"] / other["models_per_second"]
    return {BARE_KOPF.name: bare, "same objects": same, DARKROOM.name: ours}


async def run_candidate(candidate: Candidate, count: int, written: pathlib.Path | None = None) -> dict[str, float]:
    """Return the numbers of one candidate on a fresh API server; what it wrote for a Model goes into the file."""
    print(f"measuring {candidate.name} on {count} Models at once", flush=True)
    await asyncio.sleep(REST_SECONDS)
    with start_control_plane() as plane:
        cluster = await KubernetesCluster.connect(str(plane.kubeconfig), lambda _verb, _resource: None)
        try:
            await prepare(cluster)
            with start(candidate, plane) as process:
                await candidate.wait_ready()
                numbers = await measure(cluster, plane, process.pid, count)
                if written is not None:
                    objects = await capture(cluster, NAMESPACE, name_model(0))
                    written.write_text(json.dumps(asdict(objects)))
                return numbers
        finally:
            await cluster.close()


async def measure(cluster: KubernetesCluster, plane: ControlPlane, pid: int, count: int) -> dict[str, float]:
    """Create the Models, wait, and return the numbers; raises TimeoutError where some stay without Job or status."""
    seen = Seen()
    watchers = [asyncio.create_task(watch(cluster, resource, NAMESPACE, seen)) for resource in (JOBS, MODELS)]
    await asyncio.sleep(1)
    writes_before, cpu_before = count_writes(plane), read_cpu_seconds(pid)
    started = time.monotonic()
    await create_models(cluster, count, seen)
    created_in = time.monotonic() - started
    peak = 0.0
    while not seen.complete(count) and time.monotonic() - started < TIMEOUT_SECONDS:
        peak = max(peak, read_resident_mb(pid))
        await asyncio.sleep(0.2)
    for watcher in watchers:
        if watcher.done():
            watcher.result()
    if not seen.complete(count):
        raise TimeoutError(f"after {TIMEOUT_SECONDS:.0f} s {len(seen.job)} Jobs and {len(seen.queued)} Queued statuses")
    finished = max([*seen.job.values(), *seen.queued.values()])
    await asyncio.sleep(SETTLE_SECONDS)
    for watcher in watchers:
        watcher.cancel()
    waits = sorted(seen.job[name] - seen.created[name] for name in seen.job if name in seen.created)
    return {
        "created_in_seconds": created_in,
        "all_done_seconds": finished - started,
        "models_per_second": count / (finished - started),
        "writes_per_model": (count_writes(plane) - writes_before - count) / count,
        "create_to_job_p50_seconds": statistics.median(waits),
        "create_to_job_p99_seconds": waits[int(0.99 * (len(waits) - 1))],
        "cpu_seconds": read_cpu_seconds(pid) - cpu_before,
        "resident_mb": max(peak, read_resident_mb(pid)),
    }
