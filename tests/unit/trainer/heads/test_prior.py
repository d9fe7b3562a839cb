"""Whether pretrained features answer, or others that did better in cross-validation."""

import pytest
import torch

from darkroom_trainer.heads import prior, trial_plan
from darkroom_trainer.heads.cross_validation import ScoredHead
from darkroom_trainer.heads.fits.families import Family
from darkroom_trainer.heads.fits.temperature import Calibration
from darkroom_trainer.heads.head_scores import HeadScore


def a_scored(block: str, value: float, error: float = 0.05) -> ScoredHead:
    trial = trial_plan.build_trial(tuple(block.split("+")), Family.RIDGE, 0)
    return ScoredHead(trial, {}, Calibration(), torch.zeros(1, 1, 2), HeadScore(value, error, 1.0))


FAVOURED = {
    "pretrained ones do better": ([("backbone:net", 0.8), ("colours", 0.7)], ["backbone:net"]),
    "others do better by less than a standard error": ([("backbone:net", 0.8), ("colours", 0.84)], ["backbone:net"]),
    "others do better by more": ([("backbone:net", 0.8), ("colours", 0.86)], ["colours"]),
    "the best of each kind is compared": (
        [("backbone:net", 0.2), ("backbone:large", 0.9), ("colours", 0.5), ("grey8", 0.92)],
        ["backbone:net", "backbone:large"],
    ),
    "both together count with the others": (
        [("backbone:net", 0.8), ("backbone:net+grey8", 0.9), ("grey8", 0.3)], ["backbone:net+grey8", "grey8"],
    ),
    "there are no pretrained ones": ([("grey8", 0.8), ("colours", 0.1)], ["grey8", "colours"]),
    "there are no others": ([("backbone:net", 0.1)], ["backbone:net"]),
}  # fmt: skip


@pytest.mark.parametrize(("found", "favoured"), FAVOURED.values(), ids=FAVOURED.keys())
def test_the_winner_comes_from_pretrained_features_unless(found: list[tuple[str, float]], favoured: list[str]) -> None:
    left = prior.favour_pretrained([a_scored(*one) for one in found])
    assert ["+".join(one.trial.blocks) for one in left] == favoured
