"""How fast the operator takes in many Models at once, beside a bare kopf handler, in one run.

Each candidate gets an API server of its own (see `control_plane`) and serves one namespace: a Ready Dataset is made,
the Models are created, and the clock stops when every one has its Job and its Queued status. Writes are counted by the
API server. Prints one table; exits 1 when the operator misses a bar.

    python -m bench.operator [--models 1000]
"""

import argparse
import asyncio
import statistics
import sys
import time

from bench.clusters.control_plane import ControlPlane, start_control_plane
from bench.operator.candidates import CANDIDATES, Candidate, start
from bench.operator.load import NAMESPACE, create_models, prepare
from bench.operator.observation import Seen, count_writes, read_cpu_seconds, read_resident_mb, watch
from darkroom_operator.api.cluster import KubernetesCluster
from darkroom_operator.api.resources import JOBS, MODELS

REST_SECONDS = 10
"""Before each candidate, so that what the one before left to be written and collected is not charged to the next."""
SETTLE_SECONDS = 20
"""Writes that come after the last status still count."""
BARS = {"models_per_second": 100.0, "writes_per_model": 3.0, "resident_mb": 200.0}


async def main() -> int:
    """Run the bench; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", type=int, default=1000)
    parser.add_argument("--timeout", type=float, default=180)
    options = parser.parse_args()
    results = {}
    for candidate in CANDIDATES:
        print(f"measuring {candidate.name} on {options.models} Models", flush=True)
        await asyncio.sleep(REST_SECONDS)
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
    watchers = [asyncio.create_task(watch(cluster, resource, NAMESPACE, seen)) for resource in (JOBS, MODELS)]
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


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
