"""A fault case: what is done during a lifecycle, and what must come of it; and how the cases of a session are run.

Owns the table's type, the sandboxes that run them, and the verdicts that all cases share: the same end as an
undisturbed lifecycle, every Job created once, and no write once settled. The cases themselves are in `stale`,
`refusals`, `replacements` and `drift`.
"""

import queue
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Final

from darkroom_operator.api.resources import JOBS
from tests.faults.cluster.control_plane import FaultCluster
from tests.faults.cluster.driver import Driver
from tests.faults.cluster.masking import describe_end, find_differences, mask_differences
from tests.faults.cluster.sandbox import Sandbox, open_sandbox
from tests.faults.crashes.lifecycles import run_through

SANDBOXES: Final = 3
QUIET_SECONDS: Final = 2.0
SHARED_LANE_SECONDS: Final = 60.0


@dataclass(frozen=True)
class Case:
    """One fault: a row of the table in docs/faults.md."""

    group: str
    name: str
    done: str
    expected: str
    steps: Callable[[Driver], None]
    compares: str = "all"
    """`all`: status and Jobs as undisturbed; `status`: the status only; `nothing`: the steps look for themselves."""
    has_own_sandbox: bool = False
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


def run_cases(cluster: FaultCluster, cases: Iterable[Case], sandboxes: int = SANDBOXES) -> dict[str, Result]:
    """Run cases on several sandboxes; returns the results by the cases' names."""
    listed = list(cases)
    with open_sandbox(cluster, "reference") as sandbox:
        reference = _learn(sandbox)
    shared: queue.SimpleQueue[Case] = queue.SimpleQueue()
    own: queue.SimpleQueue[Case] = queue.SimpleQueue()
    for case in listed:
        (own if case.has_own_sandbox else shared).put(case)
    with ThreadPoolExecutor(sandboxes) as pool:
        jobs = [pool.submit(_work, cluster, f"shared-{number}", shared, own, reference) for number in range(sandboxes)]
        results = [result for job in jobs for result in job.result()]
    return {result.case.name: result for result in results}


def _learn(sandbox: Sandbox) -> Any:
    ends = []
    for number in (1, 2):
        driver = Driver(sandbox, "Model", f"quiet-{number}")
        run_through(driver)
        sandbox.wait_quiet(driver.name)
        ends.append(describe_end(driver))
    return mask_differences(*ends)


def _work(
    cluster: FaultCluster,
    namespace: str,
    shared: "queue.SimpleQueue[Case]",
    own: "queue.SimpleQueue[Case]",
    reference: Any,
) -> list[Result]:
    """Run cases that need a sandbox of their own first, since they are the long ones."""
    results = []
    while (case := _take(own)) is not None:
        with open_sandbox(cluster, f"own-{_dashed(case.name)}") as sandbox:
            results.append(_run(sandbox, case, reference))
    if shared.empty():
        return results
    with open_sandbox(cluster, namespace) as sandbox:
        while (case := _take(shared)) is not None:
            results.append(_run(sandbox, case, reference))
    return results


def _take(cases: "queue.SimpleQueue[Case]") -> Case | None:
    try:
        return cases.get_nowait()
    except queue.Empty:
        return None


def _run(sandbox: Sandbox, case: Case, reference: Any) -> Result:
    result, starts = Result(case), sandbox.operator.starts
    driver = Driver(sandbox, "Model", _dashed(case.name), seconds=SHARED_LANE_SECONDS)
    started = time.monotonic()
    try:
        case.steps(driver)
        result.seconds = time.monotonic() - started
        sandbox.proxy.clear()
        sandbox.wait_quiet(driver.name, QUIET_SECONDS)
        result.problems += _compare(case, driver, reference)
    except (TimeoutError, AssertionError) as error:
        result.problems.append(f"{type(error).__name__}: {error}")
    finally:
        sandbox.proxy.clear()
        sandbox.keep_operator_up = True
    result.restarts = sandbox.operator.starts - starts
    return result


def _compare(case: Case, driver: Driver, reference: Any) -> Sequence[str]:
    added = driver.sandbox.mirror.count_added(JOBS, driver.sandbox.namespace, driver.name)
    twice = [f"Job {name} was created {count} times" for name, count in added.items() if count != 1]
    if case.compares == "nothing":
        return twice
    seen = describe_end(driver)
    if case.compares == "status":
        return [*twice, *find_differences(reference["status"], seen["status"])]
    return [*twice, *find_differences(reference, seen)]


def _dashed(text: str) -> str:
    return "".join(letter if letter.isalnum() else "-" for letter in text.lower()).strip("-")[:40].rstrip("-")
