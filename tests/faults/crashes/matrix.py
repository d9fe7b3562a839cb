"""The crash matrix: every life, killed before and after every write of its operator, against its undisturbed run.

Every point is printed when it is done, as a row of the report. The kill is SIGKILL at the moment the proxy sees the
write (before) or the API server's answer to it (after); the operator is started again at once, as a kubelet does.
"""

import queue
import threading
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor

from tests.faults.cluster.control_plane import Plane
from tests.faults.cluster.driver import Player
from tests.faults.cluster.masking import describe_end, find_differences, mask_differences
from tests.faults.cluster.sandbox import Lane, open_lane
from tests.faults.crashes.lifecycles import LIVES, Life
from tests.faults.crashes.points import Point, Reference
from tests.faults.proxy.mutations import Moment, Trap

LANES = 3
SETTLED_SECONDS = 6.0
"""The least time for which a settled life is watched for further writes; most are watched for minutes."""


def run_matrix(plane: Plane, lives: Iterable[Life], lanes: int = LANES) -> list[Point]:
    """Run all points of some lives on several lanes; returns them with what went wrong."""
    work: queue.SimpleQueue[Life | Point] = queue.SimpleQueue()
    for life in lives:
        work.put(life)
    matrix = Matrix(plane, work)
    with ThreadPoolExecutor(lanes) as pool:
        for future in [pool.submit(matrix.run_lane, f"lane-{number}") for number in range(lanes)]:
            future.result()
    order = {life.name: place for place, life in enumerate(LIVES)}
    return sorted(
        matrix.points, key=lambda point: (order[point.life.name], point.number, point.moment.value == "after")
    )


class Matrix:
    """The points of all lives, shared by the lanes: a lane takes a life to learn its writes, then points."""

    def __init__(self, plane: Plane, work: "queue.SimpleQueue[Life | Point]") -> None:
        self.points: list[Point] = []
        self._plane = plane
        self._work = work
        self._references: dict[str, Reference] = {}
        self._open = work.qsize()
        self._counting = threading.Lock()

    def run_lane(self, namespace: str) -> None:
        """Work until nothing is left, then look whether what settled stayed settled."""
        done = []
        with open_lane(self._plane, namespace) as lane:
            for task in self._take():
                if isinstance(task, Life):
                    self._learn(lane, task)
                else:
                    done.append(self._kill_at(lane, task))
                with self._counting:
                    self._open -= 1
            time.sleep(SETTLED_SECONDS)
            for point in done:
                late = [write for write in lane.proxy.mutations.about(point.name) if write.at > point.settled_at]
                point.problems += [f"wrote once settled: {write}" for write in late]

    def _take(self) -> Iterator[Life | Point]:
        while self._open > 0:
            try:
                yield self._work.get(timeout=0.2)
            except queue.Empty:
                continue

    def _learn(self, lane: Lane, life: Life) -> None:
        ends, writes = [], []
        for number in (1, 2):
            player = Player(lane, life.kind, f"{life.name}-quiet-{number}")
            life.play(player)
            lane.wait_quiet(player.name)
            ends.append(describe_end(player))
            writes.append([str(write) for write in lane.proxy.mutations.about(player.name)])
        self._references[life.name] = Reference(mask_differences(*ends), min(writes, key=len))
        points = [Point(life, number + 1, moment) for number in range(len(writes[0])) for moment in Moment]
        with self._counting:
            self.points += points
            self._open += len(points)
        for point in points:
            self._work.put(point)

    def _kill_at(self, lane: Lane, point: Point) -> Point:
        reference = self._references[point.life.name]
        point.name = f"{point.life.name}-{point.moment.value}-{point.number:02}"
        started, player = time.monotonic(), Player(lane, point.life.kind, point.name)
        trap = Trap(point.name, point.number, point.moment, lane.operator.kill)
        lane.proxy.mutations.trap = trap
        try:
            point.life.play(player)
            lane.wait_quiet(point.name)
            lane.wait("the operator works again", lane.operator.is_ready)
            point.problems += point.judge(reference, find_differences(reference.end, describe_end(player)))
        except TimeoutError as error:
            point.problems.append(str(error))
        point.killed_at = str(trap.sprung or "")
        point.problems += [] if trap.sprung else ["the write never came"]
        point.seconds, point.settled_at = time.monotonic() - started, time.monotonic()
        print(f"{point}\n", end="", flush=True)
        return point
