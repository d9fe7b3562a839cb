"""A real inspection and a real S3 server with the fault proxy between them."""

from typing import Final

import pytest

from darkroom_api.conditions import Reason
from tests.faults.proxy import actions
from tests.faults.proxy.actions import Action
from tests.faults.proxy.server import Rule
from tests.faults.storage.s3_server import S3Server
from tests.faults.storage.workspace import Workspace

IMAGE: Final = r"/digits/images/"
SLOW_DOWN: Final = actions.answer_s3(503, "SlowDown")

PASSING: Final[list[tuple[str, Action, int]]] = [
    ("SlowDown on forty reads", SLOW_DOWN, 40),
    ("500 on forty reads", actions.answer_s3(500, "InternalError"), 40),
    ("connections dropped on forty reads", actions.drop, 40),
    ("bodies truncated on forty reads", actions.truncate, 40),
    ("403 on three reads", actions.answer_s3(403, "AccessDenied"), 3),
]


@pytest.mark.parametrize(("action", "times"), [pytest.param(a, t, id=name) for name, a, t in PASSING])
def test_an_inspection_outlasts_a_fault_that_passes(
    workspace: Workspace[S3Server], revision: str, action: Action, times: int
) -> None:
    rule = workspace.proxy.add(Rule(action, IMAGE, "GET", skip=5, times=times))
    ended = workspace.inspect()
    assert rule.hits == times
    assert (ended.exit_code, ended.outcome.reason) == (0, Reason.SUCCEEDED)
    assert ended.outcome.summary is not None
    assert ended.outcome.summary.revision == revision


LASTING: Final[list[tuple[str, Action, str]]] = [
    ("SlowDown for good", SLOW_DOWN, "SlowDown"),
    ("403 for good", actions.answer_s3(403, "AccessDenied"), "AccessDenied"),
]


LONG: Final = pytest.mark.extended
"""Most of such a test is waiting for retries: one of them is in every run."""


@pytest.mark.parametrize(
    ("action", "word"), [pytest.param(a, w, id=name, marks=LONG if a is SLOW_DOWN else ()) for name, a, w in LASTING]
)
def test_an_inspection_ends_as_temporary_when_a_fault_lasts_and_the_next_one_succeeds(
    workspace: Workspace[S3Server], revision: str, action: Action, word: str
) -> None:
    workspace.proxy.add(Rule(action, IMAGE, "GET", skip=5))
    ended = workspace.inspect()
    assert (ended.exit_code, ended.outcome.reason) == (75, Reason.STORAGE_UNAVAILABLE)
    assert word in ended.outcome.message
    assert "s3://vision/digits/images/" in ended.outcome.message
    assert workspace.proxy.address in ended.outcome.message
    workspace.proxy.clear()
    again = workspace.inspect()
    assert again.exit_code == 0
    assert again.outcome.summary is not None
    assert again.outcome.summary.revision == revision


def test_an_endpoint_that_refuses_connections_is_named(workspace: Workspace[S3Server]) -> None:
    workspace.proxy.close()
    ended = workspace.inspect()
    assert (ended.exit_code, ended.outcome.reason) == (75, Reason.STORAGE_UNAVAILABLE)
    assert workspace.proxy.address in ended.outcome.message


@LONG
def test_a_body_that_crawls_ends_the_inspection_as_temporary(workspace: Workspace[S3Server]) -> None:
    workspace.proxy.add(Rule(actions.trickle(1), IMAGE, "GET", skip=5))
    ended = workspace.inspect()
    assert (ended.exit_code, ended.outcome.reason) == (75, Reason.STORAGE_UNAVAILABLE)


def test_a_listed_image_that_is_not_there_is_named(workspace: Workspace[S3Server]) -> None:
    workspace.proxy.add(Rule(actions.answer_s3(404, "NoSuchKey"), IMAGE, "GET", skip=5, times=1))
    ended = workspace.inspect()
    assert (ended.exit_code, ended.outcome.reason) == (65, Reason.DATASET_CORRUPT)
    assert "s3://vision/digits/images/" in str(ended.outcome.summary)


def test_an_image_under_another_etag_gives_another_revision(workspace: Workspace[S3Server], revision: str) -> None:
    workspace.proxy.add(Rule(actions.change_etag, IMAGE, "GET", skip=5, times=1))
    ended = workspace.inspect()
    assert ended.outcome.summary is not None
    assert (ended.exit_code, ended.outcome.summary.revision == revision) == (0, False)


def test_an_image_cut_short_with_a_right_length_is_named_as_broken(workspace: Workspace[S3Server]) -> None:
    workspace.proxy.add(Rule(actions.shorten, IMAGE, "GET", skip=5, times=1))
    ended = workspace.inspect()
    assert (ended.exit_code, ended.outcome.reason) == (65, Reason.DATASET_CORRUPT)
    assert ".png" in ended.outcome.message
