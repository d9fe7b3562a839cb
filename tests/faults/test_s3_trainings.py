"""A real training and a real S3 server with the fault proxy between them."""

import os
import threading
from collections.abc import Callable
from typing import Final

import pytest

from darkroom_api.conditions import Reason
from tests.faults.proxy import actions
from tests.faults.proxy.server import Rule
from tests.faults.storage.s3_server import S3Server
from tests.faults.storage.trainer_config import USER
from tests.faults.storage.trainer_process import Ended
from tests.faults.storage.workspace import BUDGET_SECONDS, Workspace

BURST_SECONDS: Final = float(os.environ.get("DARKROOM_SLOWDOWN_SECONDS", "20"))
"""How long the bucket answers SlowDown while a trainer works."""
TRAINING_SECONDS: Final = 150.0
MAX_ATTEMPTS: Final = 6
SLOW_DOWN: Final = actions.answer_s3(503, "SlowDown")


def in_training(workspace: Workspace[S3Server], then: Callable[[], None]) -> Ended:
    """Train, and do something once the first checkpoint is kept."""
    process = workspace.train()
    process.wait_until("a checkpoint", workspace.has_checkpoint, TRAINING_SECONDS)
    then()
    return process.wait(TRAINING_SECONDS + BURST_SECONDS)


@pytest.mark.extended
def test_a_training_outlasts_a_burst_of_slowdown(workspace: Workspace[S3Server]) -> None:
    def burst() -> None:
        workspace.proxy.add(Rule(SLOW_DOWN))
        threading.Timer(BURST_SECONDS, workspace.proxy.clear).start()

    ended = in_training(workspace, burst)
    for _ in range(MAX_ATTEMPTS):  # a burst outlasts the patience of a call: the next attempt goes on, as on a cluster
        if ended.exit_code != 75:
            break
        assert ended.outcome.reason is Reason.STORAGE_UNAVAILABLE
        assert "SlowDown" in ended.outcome.message or "503" in ended.outcome.message, "a HEAD has no body to tell more"
        kept = ended.outcome.meter.charged_seconds
        ended = workspace.train().wait(TRAINING_SECONDS)
        assert ended.exit_code == 75 or ended.outcome.meter.charged_seconds >= min(kept, 1)
    assert (ended.exit_code, ended.outcome.reason) == (0, Reason.SUCCEEDED)
    assert ended.outcome.meter.charged_seconds <= BUDGET_SECONDS


@pytest.mark.extended
def test_a_training_whose_key_is_revoked_ends_as_temporary_and_resumes_once_it_is_back(
    workspace: Workspace[S3Server],
) -> None:
    ended = in_training(workspace, lambda: workspace.server.revoke(USER))
    assert (ended.exit_code, ended.outcome.reason) == (75, Reason.STORAGE_UNAVAILABLE)
    assert workspace.proxy.address in ended.outcome.message
    workspace.server.create_user(USER)
    again = workspace.train().wait(TRAINING_SECONDS)
    assert (again.exit_code, again.outcome.reason) == (0, Reason.SUCCEEDED)
    assert "resuming from" in again.log
    assert again.outcome.meter.charged_seconds <= BUDGET_SECONDS


@pytest.mark.extended
def test_a_training_knows_its_own_conditional_puts_when_their_answers_are_lost(workspace: Workspace[S3Server]) -> None:
    cut = workspace.proxy.add(Rule(actions.cut, r"/checkpoints/", "PUT", times=4))
    process = workspace.train()
    ended = process.wait(TRAINING_SECONDS)
    assert cut.hits == 4
    assert (ended.exit_code, ended.outcome.reason) == (0, Reason.SUCCEEDED)
