"""How long the refit is, why a training is said to have ended, and what is left of a refit that diverges."""

from typing import Any

import pytest
import safetensors.torch
import torch

from darkroom_api import conditions
from darkroom_api.v1alpha1.common import MeasuredOn, Performance, StopReason
from darkroom_trainer.checkpoints import sessions
from darkroom_trainer.checkpoints.sessions import FittedHead, HoldOut, Session, Stage
from darkroom_trainer.heads.fits.model import build_frozen_classifier
from darkroom_trainer.loop.training_loop import Window
from darkroom_trainer.search.halving import Halving, Trial
from darkroom_trainer.tasks.classifier import Classifier
from darkroom_trainer.training import fitting, refit
from tests.support.learning import a_learner
from tests.unit.trainer.tiny_runs import Bench


def a_session(reason: StopReason, ensemble_weight: float) -> Session:
    """Return a session whose search ended for this reason, after a third round of 8 seconds."""
    learner = a_learner("classifier")
    halving = Halving([Trial(1, learner.recipe)], 2.0, 100.0, round=2, stop_reason=reason)
    performance = Performance(measured_on=MeasuredOn.HOLD_OUT, images=10, score=0.9)
    hold_out = HoldOut(performance, [], 0.0, ensemble_weight)
    spec = {"blocks": [], "widths": [], "members": [], "several": False, "sharpness": 1.0, "shift": 0.0}
    model = build_frozen_classifier({**spec, "look": {"size_px": 32, "mean": [0.5] * 3, "deviation": [0.25] * 3}}, 3)
    head = FittedHead(spec, model, torch.zeros(0, dtype=torch.int64), torch.zeros(0, 3), None, None, [])
    return Session(learner, Stage.HOLD_OUT, Window(0.0, 1.0), hold_out=hold_out, halving=halving, head=head)


@pytest.mark.parametrize(
    ("reason", "ensemble_weight", "limit", "told"),
    [
        pytest.param(StopReason.BUDGET_REACHED, 0.0, None, StopReason.BUDGET_REACHED, id="all that is left"),
        pytest.param(StopReason.CONVERGED, 0.5, 8.0, StopReason.CONVERGED, id="a last round where more is no use"),
        pytest.param(StopReason.CEILING, 1.0, 0.0, StopReason.CEILING, id="nothing for a network without a share"),
        pytest.param(StopReason.BUDGET_REACHED, 1.0, 0.0, StopReason.NO_PROGRESS, id="and its budget made no progress"),
    ],
)
def test_the_refit_is_as_long_as_it_can_help(
    reason: StopReason, ensemble_weight: float, limit: float | None, told: StopReason
) -> None:
    session = a_session(reason, ensemble_weight)
    refit.judge_stop(session)
    assert refit.limit_refit(session) == limit
    assert session.halving is not None
    assert session.halving.stop_reason is told


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
