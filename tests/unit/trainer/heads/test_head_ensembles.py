"""Which heads are put together, judged by their out-of-fold predictions."""

import math

import numpy as np
import pytest
import torch

from darkroom_trainer.heads import cross_validation as cross_validations, head_ensembles, head_scores
from darkroom_trainer.heads.fits import folds
from darkroom_trainer.heads.fits.families import Family
from darkroom_trainer.heads.fits.temperature import Calibration
from darkroom_trainer.heads.store import FeatureStore
from tests.unit.trainer.head_examples import build_examples

LABELS = np.arange(60) % 2
DIVISION = cross_validations.build_cross_validation(
    FeatureStore(build_examples(LABELS, 2), np.arange(60)), folds.build_folds(LABELS, seed=0)
)
TRUTH = DIVISION.one_hot.argmax(dim=1)


def a_head(name: str, wrong: list[int], sureness: float | None = None) -> cross_validations.ScoredHead:
    """Return a head that is equally sure of each row and wrong about some; as sure as it is right, where not told."""
    rows = len(TRUTH)
    sureness = math.log((rows - len(wrong)) / len(wrong)) / 2 if sureness is None else sureness
    right = torch.ones(len(TRUTH))
    right[wrong] = -1.0
    signs = torch.where(TRUTH == 1, right, -right) * sureness
    logits = torch.stack([-signs, signs], dim=1).expand(DIVISION.repeats, -1, -1)
    trial = cross_validations.HeadTrial((name,), Family.RIDGE, 0, ({},))
    score = head_scores.measure(logits, DIVISION.one_hot, is_multilabel=False)
    return cross_validations.ScoredHead(trial, {}, Calibration(), logits, score)


BEST, FAIR, TWIN = a_head("best", [0, 1, 2, 3]), a_head("fair", [10, 11, 12, 13, 14]), a_head("twin", [0, 1, 2, 3])
POOR = a_head("poor", list(range(30)))


def test_heads_are_ranked_by_what_is_sure_of_their_score_then_by_log_loss() -> None:
    surer = a_head("surer", [0, 1, 2, 3], sureness=0.9)
    ranked = head_ensembles.rank([POOR, FAIR, surer, BEST])
    assert [one.trial.blocks[0] for one in ranked[2:]] == ["fair", "poor"]
    assert ranked[0].score.log_loss <= ranked[1].score.log_loss


def test_a_head_that_errs_on_other_rows_is_added() -> None:
    found = head_ensembles.select_ensemble(BEST, [BEST, FAIR, POOR], DIVISION)
    assert [one.trial.blocks[0] for one in found.members] == ["best", "fair"]
    assert found.score.log_loss < BEST.score.log_loss
    assert found.name == f"{BEST.trial.name} and {FAIR.trial.name}"


@pytest.mark.parametrize("other", [TWIN, POOR], ids=["one that errs on the same rows", "one that only guesses"])
def test_a_head_that_saves_nothing_is_not_added(other: cross_validations.ScoredHead) -> None:
    found = head_ensembles.select_ensemble(BEST, [BEST, other], DIVISION)
    assert found.members == (BEST,)
    assert found.score is BEST.score
