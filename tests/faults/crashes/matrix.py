"""The crash matrix: every lifecycle, killed before and after every write of its operator, against its undisturbed run.

Every point is printed when it is done, as a row of the report. The kill is SIGKILL at the moment the proxy sees the
write (before) or the API server's answer to it (after); the operator is started again at once, as a kubelet does.
"""

import queue
import threading
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor

from tests.faults.cluster.control_plane import FaultCluster
from tests.faults.cluster.driver import Driver
from tests.faults.cluster.masking import describe_end, find_differences, mask_differences
from tests.faults.cluster.sandbox import Sandbox, open_sandbox
from tests.faults.crashes.lifecycles import LIFECYCLES, Lifecycle
from tests.faults.crashes.points import Point, Reference
from tests.faults.proxy.mutations import Moment, Trap

SANDBOXES = 3
SETTLED_SECONDS = 6.0
"""The least time for which a settled lifecycle is watched for further writes; most are watched for minutes."""


def run_matrix(cluster: FaultCluster, lifecycles: Iterable[Lifecycle], sandboxes: int = SANDBOXES) -> list[Point]:
    """Run all points of some lifecycles on several sandboxes; returns them with what went wrong."""
    work: queue.SimpleQueue[Lifecycle | Point] = queue.SimpleQueue()
    for lifecycle in lifecycles:
        work.put(lifecycle)
    matrix = Matrix(cluster, work)
    with ThreadPoolExecutor(sandboxes) as pool:
        for future in [pool.submit(matrix.run_sandbox, f"sandbox-{number}") for number in range(sandboxes)]:
            future.result()
    order = {lifecycle.name: place for place, lifecycle in enumerate(LIFECYCLES)}
    return sorted(
        matrix.points, key=lambda point: (order[point.lifecycle.name], point.number, point.moment.value == "after")
    )


class Matrix:
    """The points of all lifecycles, shared by the sandboxes: each first learns a lifecycle, then takes points."""

    def __init__(self, cluster: FaultCluster, work: "queue.SimpleQueue[Lifecycle | Point]") -> None:
        self.points: list[Point] = []
        self._cluster = cluster
        self._work = work
        self._references: dict[str, Reference] = {}
        self._open = work.qsize()
        self._counting = threading.Lock()

    def run_sandbox(self, namespace: str) -> None:
        """Work until nothing is left, then look whether what settled stayed settled."""
        done = []
        with open_sandbox(self._cluster, namespace) as sandbox:
            for task in self._take():
                try:
                    if isinstance(task, Lifecycle):
                        self._learn(sandbox, task)
                    else:
                        done.append(self._kill_at(sandbox, task))
                finally:  # the other sandboxes would wait for ever for what failed here
                    with self._counting:
                        self._open -= 1
            time.sleep(SETTLED_SECONDS)
            for point in done:
                late = [write for write in sandbox.proxy.mutations.about(point.name) if write.at > point.settled_at]
                point.problems += [f"wrote once settled: {write}" for write in late]

    def _take(self) -> Iterator[Lifecycle | Point]:
        while self._open > 0:
            try:
                yield self._work.get(timeout=0.2)
            except queue.Empty:
                continue

    def _learn(self, sandbox: Sandbox, lifecycle: Lifecycle) -> None:
        ends, writes = [], []
        for number in (1, 2):
            driver = Driver(sandbox, lifecycle.kind, f"{lifecycle.name}-quiet-{number}")
            lifecycle.steps(driver)
            sandbox.wait_quiet(driver.name)
            ends.append(describe_end(driver))
            writes.append([str(write) for write in sandbox.proxy.mutations.about(driver.name)])
        self._references[lifecycle.name] = Reference(mask_differences(*ends), min(writes, key=len))
        points = [Point(lifecycle, number + 1, moment) for number in range(len(writes[0])) for moment in Moment]
        with self._counting:
            self.points += points
            self._open += len(points)
        for point in points:
            self._work.put(point)

    def _kill_at(self, sandbox: Sandbox, point: Point) -> Point:
        reference = self._references[point.lifecycle.name]
        point.name = f"{point.lifecycle.name}-{point.moment.value}-{point.number:02}"
        started, driver = time.monotonic(), Driver(sandbox, point.lifecycle.kind, point.name)
        trap = Trap(point.name, point.number, point.moment, sandbox.operator.kill)
        sandbox.proxy.mutations.trap = trap
        try:
            point.lifecycle.steps(driver)
            sandbox.wait_quiet(point.name)
            sandbox.wait("the operator works again", sandbox.operator.is_ready)
            point.problems += point.judge(reference, find_differences(reference.end, describe_end(driver)))
        except TimeoutError as error:
            point.problems.append(str(error))
        point.killed_at = str(trap.sprung or "")
        point.problems += [] if trap.sprung else ["the write never came"]
        point.seconds, point.settled_at = time.monotonic() - started, time.monotonic()
        print(f"{point}\n", end="", flush=True)
        return point
