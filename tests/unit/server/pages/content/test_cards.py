"""Resources at a glance."""

import pytest

from darkroom_api.conditions import Reason, RunPhase
from darkroom_api.v1alpha1.common import Task
from darkroom_server.pages.content.cards import build_model_card
from tests.support.server.models import a_stored_model


@pytest.mark.parametrize(
    ("phase", "digest", "can_answer", "is_ended"),
    [
        (RunPhase.SUCCEEDED, "sha256:0", True, True),
        (RunPhase.SUCCEEDED, None, False, True),
        (RunPhase.CANCELLED, "sha256:0", False, True),
        (RunPhase.TRAINING, None, False, False),
    ],
)
def test_only_a_finished_model_with_files_can_answer(
    phase: RunPhase, digest: str | None, can_answer: bool, is_ended: bool
) -> None:
    card = build_model_card(a_stored_model(phase=phase, digest=digest))
    assert (card.can_answer, card.is_ended) == (can_answer, is_ended)


def test_a_card_names_the_score_of_its_task_and_why_it_waits() -> None:
    card = build_model_card(a_stored_model(task=Task.DETECTOR, phase=RunPhase.QUEUED, reason=Reason.WAITING_FOR_QUOTA))
    assert (card.score_name, card.reason, card.message) == ("meanAveragePrecision50", "WaitingForQuota", "it said so")
    assert (card.budget_seconds, card.charged_seconds) == (3600, 0)
