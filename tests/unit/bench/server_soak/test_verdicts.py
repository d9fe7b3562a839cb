"""What a soak says of each request: answered rightly, lost at a kill, or lost."""

from typing import Any

import pytest

from bench.server_soak.balancer import REFUSED
from bench.server_soak.callers import Call
from bench.server_soak.verdicts import (
    SLACK_SECONDS,
    SWITCH_SECONDS,
    Fate,
    Published,
    find_growth_mib,
    find_slowest_switch,
    judge_call,
)


def an_answer(version: str, picture: int = 0) -> dict[str, Any]:
    return {"modelVersion": version, "tags": [f"{version} of {picture}"]}


def a_version(number: int, at: float, model: str = "shelf") -> Published:
    name = f"{model}-{number}"
    return Published(model, name, at, at + 0.1, [an_answer(name, picture) for picture in range(2)])


def a_call(began: float = 10.0, seconds: float = 0.2, *, replica: str = "a1", picture: int = 0, **fields: Any) -> Call:
    given = {"status": 200, "answer": an_answer("shelf-1"), "model": "shelf", **fields}
    return Call(began, began + seconds, replica, picture=picture, **given)


PUBLISHED = [a_version(1, 0.0), a_version(1, 0.0, "other"), a_version(2, 20.0)]
KILLS = {"a1": 50.0}


@pytest.mark.parametrize(
    ("call", "fate"),
    [
        pytest.param(a_call(), Fate.RIGHT, id="the version of that time"),
        pytest.param(a_call(20.1 + SWITCH_SECONDS - 0.1), Fate.RIGHT, id="the former version, within the time"),
        pytest.param(a_call(20.1 + SWITCH_SECONDS + 0.1), Fate.OLD, id="the former version, too late"),
        pytest.param(
            a_call(19.9, answer=an_answer("shelf-2")), Fate.RIGHT, id="the new version, as soon as it is told"
        ),
        pytest.param(a_call(answer=an_answer("shelf-2")), Fate.WRONG, id="a version before it is there"),
        pytest.param(a_call(answer=an_answer("other-1")), Fate.WRONG, id="another model"),
        pytest.param(a_call(picture=1), Fate.WRONG, id="another picture"),
        pytest.param(
            a_call(30, answer={**an_answer("shelf-2"), "tags": ["shelf-1 of 0"]}), Fate.WRONG, id="two versions mixed"
        ),
        pytest.param(a_call(49.9, status=None), Fate.KILLED, id="in flight at a kill"),
        pytest.param(a_call(50 + SLACK_SECONDS / 2, status=None), Fate.KILLED, id="sent before the end was seen"),
        pytest.param(a_call(49.9, replica="b1", status=None), Fate.LOST, id="closed by a replica that lives"),
        pytest.param(a_call(48, status=None), Fate.LOST, id="closed before the kill"),
        pytest.param(a_call(51, status=None), Fate.LOST, id="closed after the kill"),
        pytest.param(a_call(replica=REFUSED, status=None), Fate.REFUSED, id="never sent"),
        pytest.param(a_call(status=503), Fate.SERVER_ERROR, id="503"),
        pytest.param(a_call(status=409), Fate.OTHER, id="409"),
    ],
)
def test_each_request_has_one_fate(call: Call, fate: Fate) -> None:
    assert judge_call(call, PUBLISHED, KILLS) is fate


def test_the_slowest_switch_is_the_last_request_that_a_former_version_has_answered() -> None:
    calls = [a_call(15), a_call(20.6), a_call(20.3), a_call(30, answer=an_answer("shelf-2"))]
    assert find_slowest_switch(calls, PUBLISHED) == pytest.approx(0.5)


def test_memory_grows_by_what_the_last_third_takes_more_than_the_first() -> None:
    samples = [(0.0, 10.0), (1.0, 300.0), (50.0, 900.0), (95.0, 350.0), (99.0, 340.0)]
    assert find_growth_mib(samples) == 50
