"""Why a training ended where it did."""

import pytest

from darkroom_api.v1alpha1.common import StopReason
from darkroom_trainer.checkpoints.sessions import Session, Stage
from darkroom_trainer.loop.training_loop import Window
from darkroom_trainer.search.halving import Halving, Trial
from darkroom_trainer.training.publication import run_record
from tests.support.learning import a_learner


@pytest.mark.parametrize(
    ("searched", "head_alone", "told"),
    [
        pytest.param(StopReason.CONVERGED, None, StopReason.CONVERGED, id="as the search did"),
        pytest.param(None, None, StopReason.BUDGET_REACHED, id="a single fit uses the whole budget"),
        pytest.param(None, StopReason.FEW_IMAGES, StopReason.FEW_IMAGES, id="no network was trained"),
        pytest.param(
            StopReason.BUDGET_REACHED, StopReason.NO_PROGRESS, StopReason.NO_PROGRESS, id="networks came to nothing"
        ),
    ],
)
def test_the_reason_is_the_searchs_unless_the_head_answers_alone(
    searched: StopReason | None, head_alone: StopReason | None, told: StopReason
) -> None:
    learner = a_learner("classifier")
    halving = Halving([Trial(1, learner.recipe)], 2.0, 100.0, stop_reason=searched) if searched else None
    session = Session(learner, Stage.FITTED, Window(0.0, 1.0), halving=halving, head_alone=head_alone)
    assert run_record.find_stop_reason(session) is told
