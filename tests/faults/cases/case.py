"""A fault case: what is done during a life, and what must come of it; and how the cases of a session are run.

Owns the table's type, the lanes that run them, and the verdicts that all cases share: the same end as an undisturbed
life, every Job created once, and no write once settled. The cases themselves are in `stale`, `refusals`, `lifecycle`
and `drift`.
"""

import queue
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Final

from darkroom_operator.resources import JOBS
from tests.faults.cluster.control_plane import Plane
from tests.faults.cluster.driver import Player
from tests.faults.cluster.masking import describe_end, find_differences, mask_differences
from tests.faults.cluster.sandbox import Lane, open_lane
from tests.faults.crashes.lifecycles import play_through

LANES: Final = 3
QUIET_SECONDS: Final = 2.0
SHARED_LANE_SECONDS: Final = 60.0


@dataclass(frozen=True)
class Case:
    """One fault: a row of the table in docs/faults.md."""

    group: str
    name: str
    done: str
    expected: str
    play: Callable[[Player], None]
    compares: str = "all"
    """`all`: status and Jobs as undisturbed; `status`: the status only; `nothing`: the play looks for itself."""
    has_own_lane: bool = False
    """Whether it may spoil its namespace."""


@dataclass
class Result:
    """What was seen of a case."""

    case: Case
    seconds: float = 0.0
    restarts: int = 0
    problems: list[str] = field(default_factory=list)

    @property
    def seen(self) -> str:
        """Return the words of the table."""
        restarted = f", {self.restarts} restarts by the liveness probe or after kills" if self.restarts else ""
        return f"as expected, {self.seconds:.0f} s{restarted}" if not self.problems else "; ".join(self.problems)


def run_cases(plane: Plane, cases: Iterable[Case], lanes: int = LANES) -> dict[str, Result]:
    """Run cases on several lanes; returns the results by the cases' names."""
    listed = list(cases)
    with open_lane(plane, "reference") as lane:
        reference = _learn(lane)
    shared: queue.SimpleQueue[Case] = queue.SimpleQueue()
    own: queue.SimpleQueue[Case] = queue.SimpleQueue()
    for case in listed:
        (own if case.has_own_lane else shared).put(case)
    with ThreadPoolExecutor(lanes) as pool:
        jobs = [pool.submit(_work, plane, f"shared-{number}", shared, own, reference) for number in range(lanes)]
        results = [result for job in jobs for result in job.result()]
    return {result.case.name: result for result in results}


def _learn(lane: Lane) -> Any:
    ends = []
    for number in (1, 2):
        player = Player(lane, "Model", f"quiet-{number}")
        play_through(player)
        lane.wait_quiet(player.name)
        ends.append(describe_end(player))
    return mask_differences(*ends)


def _work(
    plane: Plane,
    namespace: str,
    shared: "queue.SimpleQueue[Case]",
    own: "queue.SimpleQueue[Case]",
    reference: Any,
) -> list[Result]:
    """Run cases that need a lane of their own first, since they are the long ones."""
    results = []
    while (case := _take(own)) is not None:
        with open_lane(plane, f"own-{_dashed(case.name)}") as lane:
            results.append(_run(lane, case, reference))
    if shared.empty():
        return results
    with open_lane(plane, namespace) as lane:
        while (case := _take(shared)) is not None:
            results.append(_run(lane, case, reference))
    return results


def _take(cases: "queue.SimpleQueue[Case]") -> Case | None:
    try:
        return cases.get_nowait()
    except queue.Empty:
        return None


def _run(lane: Lane, case: Case, reference: Any) -> Result:
    result, starts = Result(case), lane.operator.starts
    player = Player(lane, "Model", _dashed(case.name), seconds=SHARED_LANE_SECONDS)
    started = time.monotonic()
    try:
        case.play(player)
        result.seconds = time.monotonic() - started
        lane.proxy.clear()
        lane.wait_quiet(player.name, QUIET_SECONDS)
        result.problems += _compare(case, player, reference)
    except (TimeoutError, AssertionError) as error:
        result.problems.append(f"{type(error).__name__}: {error}")
    finally:
        lane.proxy.clear()
        lane.keep_operator_up = True
    result.restarts = lane.operator.starts - starts
    return result


def _compare(case: Case, player: Player, reference: Any) -> Sequence[str]:
    added = player.lane.mirror.count_added(JOBS, player.lane.namespace, player.name)
    twice = [f"Job {name} was created {count} times" for name, count in added.items() if count != 1]
    if case.compares == "nothing":
        return twice
    seen = describe_end(player)
    if case.compares == "status":
        return [*twice, *find_differences(reference["status"], seen["status"])]
    return [*twice, *find_differences(reference, seen)]


def _dashed(text: str) -> str:
    return "".join(letter if letter.isalnum() else "-" for letter in text.lower()).strip("-")[:40].rstrip("-")
