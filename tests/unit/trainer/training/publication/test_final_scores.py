"""Which images a finished training's scores are of."""

import numpy as np
import pytest

from darkroom_api.v1alpha1.common import MeasuredOn, StopReason
from darkroom_trainer.training import hold_out
from darkroom_trainer.training.publication import final_scores
from tests.unit.trainer.prepared_runs import IMAGES, PreparedRun, prepare_squares


@pytest.fixture
def prepared(tmp_path_factory: pytest.TempPathFactory) -> PreparedRun:
    return prepare_squares(tmp_path_factory.mktemp("squares"))


@pytest.mark.slow
def test_a_head_that_answers_alone_is_scored_on_all_images_that_a_fit_was_made_without(prepared: PreparedRun) -> None:
    run, session, head = prepared
    assert final_scores.measure_model(run, session, head.model) is None, "nothing is scored yet"
    hold_out.score_head(run, session, head, StopReason.FEW_IMAGES)
    measured = final_scores.measure_model(run, session, head.model)
    assert measured is not None
    np.testing.assert_array_equal(measured.rows, head.rows.numpy())
    assert len(measured.truths) == measured.performance.images == IMAGES
    assert measured.performance.measured_on is MeasuredOn.HOLD_OUT
    assert measured.performance.score == 1.0
