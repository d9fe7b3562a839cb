"""How long the refit is, and what is left of a refit that diverges."""

from typing import Any

import pytest
import safetensors.torch
import torch

from darkroom_api import conditions
from darkroom_api.v1alpha1.common import StopReason
from darkroom_trainer.checkpoints import sessions
from darkroom_trainer.checkpoints.sessions import Session, Stage
from darkroom_trainer.loop.training_loop import Window
from darkroom_trainer.search.halving import Halving, Trial
from darkroom_trainer.tasks.classifier import Classifier
from darkroom_trainer.training import fitting, refit
from tests.support.learning import a_learner
from tests.unit.trainer.tiny_runs import Bench


def a_session(reason: StopReason) -> Session:
    """Return a session whose search ended for this reason, after a third round of 8 seconds."""
    learner = a_learner("classifier")
    halving = Halving([Trial(1, learner.recipe)], 2.0, 100.0, round=2, stop_reason=reason)
    return Session(learner, Stage.HOLD_OUT, Window(0.0, 1.0), halving=halving)


@pytest.mark.parametrize(
    ("reason", "limit"),
    [
        pytest.param(StopReason.BUDGET_REACHED, None, id="all that is left"),
        pytest.param(StopReason.CONVERGED, 8.0, id="a last round where more is no use"),
    ],
)
def test_the_refit_is_as_long_as_it_can_help(reason: StopReason, limit: float | None) -> None:
    assert refit.limit_refit(a_session(reason)) == limit


@pytest.mark.slow
def test_a_refit_that_diverges_twice_leaves_the_model_that_was_scored(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin, compute = fitting.Fitter.begin_refit, Classifier.compute_loss
    is_wild = False

    def begin_refit(fitter: fitting.Fitter, session: sessions.Session, rate: float, most: float | None = None) -> None:
        nonlocal is_wild
        begin(fitter, session, rate, most)
        is_wild = True

    def compute_loss(task: Classifier, outputs: Any, targets: Any) -> torch.Tensor:
        return compute(task, outputs, targets) * (float("nan") if is_wild else 1.0)

    monkeypatch.setattr(fitting.Fitter, "begin_refit", begin_refit)
    monkeypatch.setattr(Classifier, "compute_loss", compute_loss)
    outcome = bench.run(budget_seconds=16.0)
    assert outcome.reason is conditions.Reason.SUCCEEDED, outcome.message
    assert fitting.KEPT_NOTE in outcome.message
    weights = safetensors.torch.load_file(bench.folder / "model" / "model.safetensors")
    assert all(bool(value.isfinite().all()) for value in weights.values())
