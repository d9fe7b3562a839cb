"""The score of the search's winner on held-out images."""

import pytest

from darkroom_api import conditions, endings
from darkroom_api.v1alpha1.common import StopReason
from darkroom_trainer.checkpoints.sessions import Session, Stage
from darkroom_trainer.loop.training_loop import Window
from darkroom_trainer.search.halving import Halving, Trial
from darkroom_trainer.training import hold_out
from tests.support.learning import a_learner
from tests.unit.trainer.tiny_runs import Bench


@pytest.mark.slow
def test_a_run_that_is_stopped_before_its_winner_is_scored_scores_that_winner(bench: Bench) -> None:
    assert bench.run(1, stop_at="Measuring on held-out images").exit_code is endings.ExitCode.STOPPED
    outcome = bench.run(2)
    assert outcome.reason is conditions.Reason.SUCCEEDED, outcome.message
    assert bench.read_metrics()["holdOut"]["score"] > 0.6, "weights that nobody trained are right on a third"


@pytest.mark.parametrize(
    ("reason", "told"),
    [
        pytest.param(StopReason.BUDGET_REACHED, StopReason.NO_PROGRESS, id="the budget made no progress"),
        pytest.param(None, StopReason.NO_PROGRESS, id="a cancelled search made none either"),
        pytest.param(StopReason.CEILING, StopReason.CEILING, id="the score is perfect all the same"),
    ],
)
def test_a_search_whose_networks_have_no_part_in_the_model_did_not_end_for_lack_of_budget(
    reason: StopReason | None, told: StopReason
) -> None:
    learner = a_learner("classifier")
    halving = Halving([Trial(1, learner.recipe)], 2.0, 100.0, stop_reason=reason)
    assert hold_out.judge_lost_search(Session(learner, Stage.HOLD_OUT, Window(0.0, 1.0), halving=halving)) is told
