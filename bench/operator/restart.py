"""An operator that starts on a cluster that has been in use for long: what it takes, reads and writes.

Owns the measuring. What the cluster holds is in `population`, what is counted is in `requests`.
"""

import contextlib
import time
import urllib.request
from collections.abc import Callable
from typing import Final

from bench.clusters.control_plane import ControlPlane, start_control_plane
from bench.operator.candidates import (
    HEALTH_PORT,
    METRICS_PORT,
    Candidate,
    build_operator_command,
    start,
    wait_operator_ready,
)
from bench.operator.observation import read_cpu_seconds, read_peak_mb, read_resident_mb
from bench.operator.population import Population, create_finished, create_live, create_places, hold_jobs
from bench.operator.requests import Reconciles, Requests, count_watches, read_reconciles, read_requests
from darkroom_operator.api.resources import JOBS
from tests.faults.cluster.api import Api

OPERATOR: Final = Candidate("darkroom", lambda folder: build_operator_command(folder, ()), wait_operator_ready)
NUM_WATCHES: Final = 7
QUIET_SECONDS: Final = 20.0
"""After so long without a write everything is told."""
PATIENCE_SECONDS: Final = 600.0
REST_SECONDS: Final = 120.0
WAVE: Final = 100
"""Models that are created once the operator has come to rest."""


class Restart:
    """One API server with its population, and the operators that run on it one after the other."""

    def __init__(self, plane: ControlPlane, population: Population) -> None:
        self._plane = plane
        self._api = Api(plane)
        self._population = population

    def prepare(self) -> None:
        """Fill the cluster: what is over first, then an operator takes in what is live, which then waits."""
        create_places(self._api)
        create_finished(self._api, self._population)
        live = self._population.live
        with start(OPERATOR, self._plane):
            create_live(self._api, range(live), self._population.queued)
            self._wait(lambda: self._count_jobs() >= live)
            hold_jobs(self._api)
            self._wait_quiet()

    def measure(self) -> dict[str, float]:
        """Start an operator and return its numbers."""
        requests, watches, started = read_requests(self._plane), count_watches(self._plane), time.monotonic()
        with start(OPERATOR, self._plane) as process:
            self._wait(lambda: is_answered(f"http://127.0.0.1:{HEALTH_PORT}/readyz"))
            listed = time.monotonic() - started
            self._wait(lambda: count_watches(self._plane) >= watches + NUM_WATCHES)
            watched = time.monotonic() - started
            self._wait(lambda: self._read().count >= self._population.live)
            looked_at = time.monotonic() - started
            self._wait_quiet()
            numbers = {
                "listed_seconds": listed,
                "watched_seconds": watched,
                "live_looked_at_seconds": looked_at,
                "reconciles": self._read().count,
                "reconcile_p99_seconds": self._read().quantile(0.99),
                "writes": (read_requests(self._plane) - requests).writes,
                "cpu_seconds": read_cpu_seconds(process.pid),
            }
            numbers |= self._measure_rest(process.pid)
            numbers |= self._measure_wave()
            return {**numbers, "peak_resident_mb": read_peak_mb(process.pid)}

    def _measure_rest(self, pid: int) -> dict[str, float]:
        """Return what the operator does by the minute while nothing changes."""
        requests, reconciles, cpu = read_requests(self._plane), self._read(), read_cpu_seconds(pid)
        time.sleep(REST_SECONDS)
        made = read_requests(self._plane) - requests
        minutes = REST_SECONDS / 60
        return {
            "rest_writes_per_minute": made.writes / minutes,
            "rest_reads_of_one_per_minute": made.reads_of_one / minutes,
            "rest_lists_per_minute": made.lists / minutes,
            "rest_queue_reads_per_minute": made.queue_reads / minutes,
            "rest_reconciles_per_minute": (self._read() - reconciles).count / minutes,
            "rest_cpu_seconds_per_minute": (read_cpu_seconds(pid) - cpu) / minutes,
            "rest_resident_mb": read_resident_mb(pid),
        }

    def _measure_wave(self) -> dict[str, float]:
        """Return how new Models are taken in among all those that are there."""
        reconciles, jobs, started = self._read(), self._count_jobs(), time.monotonic()
        create_live(self._api, range(WAVE), 0, prefix="new")
        self._wait(lambda: self._count_jobs() >= jobs + WAVE)
        seconds = time.monotonic() - started
        self._wait_quiet()
        return {
            "new_models_per_second": WAVE / seconds,
            "new_reconcile_p99_seconds": (self._read() - reconciles).quantile(0.99),
        }

    def _read(self) -> Reconciles:
        return read_reconciles(f"http://127.0.0.1:{METRICS_PORT}/metrics")

    def _count_jobs(self) -> int:
        page = self._api.call("GET", f"{JOBS.path(None)}?limit=1")
        return len(page["items"]) + int(page["metadata"].get("remainingItemCount", 0))

    def _wait_quiet(self) -> None:
        """Wait until nothing has been written for a while."""
        seen: tuple[Requests, float] = (read_requests(self._plane), time.monotonic())

        def is_quiet() -> bool:
            nonlocal seen
            now = read_requests(self._plane)
            if now.writes != seen[0].writes:
                seen = (now, time.monotonic())
            return time.monotonic() - seen[1] > QUIET_SECONDS

        self._wait(is_quiet, pause=2.0)

    def _wait(self, reached: Callable[[], bool], pause: float = 0.25) -> None:
        """Wait; raises TimeoutError with the end of the operator's log."""
        end = time.monotonic() + PATIENCE_SECONDS
        while not reached():
            if time.monotonic() > end:
                log = (self._plane.folder / "candidate.log").read_text(errors="replace")[-2000:]
                raise TimeoutError(f"not reached within {PATIENCE_SECONDS:.0f} s:\n{log}")
            time.sleep(pause)


def measure_restart(models: int) -> dict[str, float]:
    """Return the numbers of an operator that starts beside so many Models."""
    with start_control_plane() as plane:
        restart = Restart(plane, Population(models))
        restart.prepare()
        return restart.measure()


def is_answered(address: str) -> bool:
    """Return whether an address answers with success."""
    with contextlib.suppress(OSError), urllib.request.urlopen(address, timeout=30):
        return True
    return False
