"""Cases in which the operator hears late, twice, wrongly or nothing at all."""

import time
from collections.abc import Callable

from tests.faults.cases.case import Case
from tests.faults.cluster.driver import Driver
from tests.faults.proxy import actions
from tests.faults.proxy.actions import Action
from tests.faults.proxy.server import Rule

GROUP = "Stale, unobserved"
SAME = "the undisturbed end"
OUTAGE_SECONDS = 90
BACK_SECONDS = 30


def through(action: Action, times: int | None = None) -> Callable[[Driver], None]:
    """Return steps in which every watch is opened anew and meets a fault."""

    def steps(driver: Driver) -> None:
        driver.sandbox.proxy.add(Rule(action, watches=True, times=times))
        driver.sandbox.proxy.cut_watches()
        driver.create()
        driver.run()

    return steps


def run_slow_news(driver: Driver) -> None:
    """Every piece of news comes 30 s late."""
    driver.seconds = 120
    through(actions.watch_through(actions.delay_frames(30)))(driver)


def run_lost_news(driver: Driver) -> None:
    """Half of the news is lost: an audit finds out, and the liveness probe has the operator restarted."""
    driver.seconds = 150
    through(actions.watch_through(actions.drop_every_second_frame), times=5)(driver)


def run_silence(driver: Driver) -> None:
    """All watches are open and silent."""
    driver.seconds = 150
    through(actions.watch_through(actions.say_nothing), times=5)(driver)


def run_cut_streams(driver: Driver) -> None:
    """Every watch is cut before every step."""
    cut = driver.sandbox.proxy.cut_watches
    cut()
    driver.create()
    cut()
    driver.wait_pod()
    cut()
    driver.start()
    cut()
    driver.end()
    cut()
    driver.wait_end()


def run_outage(driver: Driver) -> None:
    """The API server answers 503 for 90 s; then a Model is created."""
    sandbox = driver.sandbox
    starts = sandbox.operator.starts
    sandbox.proxy.add(Rule(actions.answer(503)))
    sandbox.proxy.cut_watches()
    time.sleep(OUTAGE_SECONDS)
    assert sandbox.operator.is_healthy(), "an API server that is away is no reason to restart the operator"
    sandbox.proxy.clear()
    driver.create()
    back, driver.seconds = time.monotonic(), BACK_SECONDS
    driver.wait_pod()
    waited = time.monotonic() - back
    assert waited <= BACK_SECONDS
    assert sandbox.operator.starts == starts, "nothing restarted it"
    driver.seconds = 60
    driver.run()


CASES = (
    Case(
        GROUP,
        "watch late by 1 s",
        "every watch frame 1 s late",
        SAME,
        through(actions.watch_through(actions.delay_frames(1))),
    ),
    Case(
        GROUP,
        "watch late by 6 s",
        "every watch frame 6 s late (more than kopf's guard of 5 s)",
        SAME,
        through(actions.watch_through(actions.delay_frames(6))),
    ),
    Case(GROUP, "watch late by 30 s", "every watch frame 30 s late", SAME, run_slow_news, has_own_sandbox=True),
    Case(GROUP, "frames twice", "every watch frame twice", SAME, through(actions.watch_through(actions.double_frames))),
    Case(
        GROUP,
        "frames lost",
        "every second frame of each watch lost",
        SAME + ", once an audit or the liveness probe has found out",
        run_lost_news,
        has_own_sandbox=True,
    ),
    Case(
        GROUP,
        "streams silent",
        "watches open and silent (half-open connections)",
        SAME + ", once an audit or the liveness probe has found out",
        run_silence,
        has_own_sandbox=True,
    ),
    Case(
        GROUP, "watch answered 410", "410 Gone to each watch, ten times", SAME, through(actions.answer(410), times=10)
    ),
    Case(
        GROUP,
        "410 in the stream",
        "an ERROR 410 in each stream, ten times",
        SAME,
        through(actions.watch_through(actions.end_with_error(410)), times=10),
    ),
    Case(
        GROUP,
        "500 in the stream",
        "an ERROR 500 in each stream, ten times",
        SAME,
        through(actions.watch_through(actions.end_with_error(500)), times=10),
    ),
    Case(GROUP, "streams cut", "all watches cut before every step", SAME, run_cut_streams),
    Case(
        GROUP,
        "API server away for 90 s",
        "503 to everything for 90 s, then a Model is created",
        "its Job within 30 s, no restart",
        run_outage,
        has_own_sandbox=True,
    ),
)
