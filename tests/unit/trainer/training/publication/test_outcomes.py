"""What the status says of a training that has ended well."""

import pytest

from darkroom_api.v1alpha1.common import StopReason, Task
from darkroom_predict.description import ModelDescription
from darkroom_trainer.training import hold_out
from darkroom_trainer.training.publication import final_scores, outcomes
from tests.unit.trainer.prepared_runs import PreparedRun, prepare_squares

SUMMARY = "classifier on hand-made features"


@pytest.fixture
def prepared(tmp_path_factory: pytest.TempPathFactory) -> PreparedRun:
    return prepare_squares(tmp_path_factory.mktemp("squares"))


@pytest.mark.slow
def test_the_message_says_how_good_what_and_at_what_cost(prepared: PreparedRun) -> None:
    run, session, head = prepared
    light = {"blocks": ["grey16"]}
    model = ModelDescription(Task.CLASSIFIER, run.task.labels, None, run.preprocessing, 0.0, "v1", "0.1", light, 1.0)
    unscored = outcomes.build_succeeded(run, session, outcomes.Publication(model, None, None))
    assert unscored.message.startswith(f"Trained on 30 images, too few to hold any out for a score; {SUMMARY}; ")

    hold_out.score_head(run, session, head, StopReason.FEW_IMAGES)
    session.add_note("measured late")
    scored = final_scores.measure_model(run, session, head.model)
    outcome = outcomes.build_succeeded(run, session, outcomes.Publication(model, scored, None))
    assert outcome.stop_reason is StopReason.FEW_IMAGES
    assert outcome.message.startswith(f"accuracyTop1 1.000 on 30 held-out images of train; {SUMMARY}; ")
    assert outcome.message.endswith("s of 1m charged; measured late")

    kept = outcomes.build_cancelled(run, session, outcomes.Publication(model, scored, None), "/kept")
    assert kept.message == f"Cancelled; the best model so far (hold-out score 1.000, {SUMMARY}) is kept at /kept"
