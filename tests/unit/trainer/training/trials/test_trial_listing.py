"""What the report tells of all that was tried."""

from typing import Any

import pytest
import torch

from darkroom_api.v1alpha1.common import MeasuredOn, Performance, StopReason
from darkroom_trainer.checkpoints.sessions import FittedHead, HoldOut, Session, Stage
from darkroom_trainer.loop.training_loop import Window
from darkroom_trainer.search.halving import Halving, Score, Trial
from darkroom_trainer.search.trial_records import TrialEnd
from darkroom_trainer.training.trials import trial_listing
from tests.support.learning import a_learner


def a_session(**changes: Any) -> Session:
    """Return a session whose search ended in its second round, with two of three trials left."""
    learner = a_learner("classifier")
    trials = [
        Trial(1, learner.recipe, scores=[Score(0.8, 0.02)]),
        Trial(2, learner.recipe, scores=[Score(0.7, 0.02), Score(0.9, 0.01)], cost_seconds=3.0),
    ]
    ended = [trial_listing.build_record(Trial(3, learner.recipe), TrialEnd.FAILED, "diverged", 0).to_json()]
    halving = Halving(trials, 2.0, 60.0, round=1, ended=ended, stop_reason=StopReason.CONVERGED)
    return Session(learner, Stage.REFIT, Window(0.0, 1.0), halving=halving, **changes)


def test_losers_come_first_and_of_what_was_left_the_leader_has_won() -> None:
    records = trial_listing.list_trials(a_session())
    assert [(one["number"], one["end"]) for one in records] == [(3, "failed"), (1, "pruned"), (2, "won")]
    assert records[2]["why"] == f"the search ended: {StopReason.CONVERGED}"


def test_a_record_has_the_newest_score_and_all_of_them_in_its_settings() -> None:
    record = trial_listing.list_trials(a_session())[2]
    assert (record["score"], record["settings"]["scores"]) == (0.9, [0.7, 0.9])
    assert record["name"].startswith("test_resnet, rate 0.001, ")


def test_where_a_head_answers_alone_no_network_has_won_and_all_ended_for_that_reason() -> None:
    nothing = torch.zeros(0)
    head = FittedHead({}, torch.nn.Identity(), nothing, nothing, None, None, [])  # type: ignore[arg-type]
    records = trial_listing.list_trials(a_session(head=head, head_alone=StopReason.NO_PROGRESS))
    assert [one["end"] for one in records] == ["failed", "pruned", "pruned"]
    assert records[-1]["why"] == f"the search ended: {StopReason.NO_PROGRESS}"


def test_without_a_search_there_is_nothing_to_tell() -> None:
    session = a_session()
    session.halving = None
    assert trial_listing.list_trials(session) == []


@pytest.mark.parametrize(
    ("end", "weight", "told"),
    [
        pytest.param("won", 0.5, "won", id="a head with a share in the answers has won"),
        pytest.param("won", 0.0, "pruned", id="one without a share has lost all the same"),
        pytest.param("kept", 0.0, "kept", id="others stay as they were"),
    ],
)
def test_the_best_head_has_won_only_where_it_answers(end: str, weight: float, told: str) -> None:
    nothing = torch.zeros(0)
    head = FittedHead({}, torch.nn.Identity(), nothing, nothing, None, None, [{"end": end, "why": "best"}])  # type: ignore[arg-type]
    hold_out = HoldOut(Performance(measured_on=MeasuredOn.HOLD_OUT, images=9), [], 0.0, weight)
    assert trial_listing.list_trials(a_session(head=head, hold_out=hold_out))[0]["end"] == told
