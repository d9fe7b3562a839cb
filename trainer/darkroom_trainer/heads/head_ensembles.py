"""The mean of a few different heads, which often is better than the best of them.

Owns which are put together, judged by their out-of-fold predictions. Pure.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import torch

from darkroom_trainer.heads import head_scores
from darkroom_trainer.heads.cross_validation import CrossValidation, ScoredHead
from darkroom_trainer.heads.fits.model import average_logits
from darkroom_trainer.heads.fits.temperature import Calibration, calibrate

MOST_MEMBERS: Final = 3
POOL: Final = 8
"""Best scored heads that may be put together."""
LEAST_GAIN: Final = 0.01
"""Part of the log loss that a further member has to save."""


@dataclass(frozen=True)
class HeadEnsemble:
    """One or more scored heads, with the calibration of their mean and its score."""

    members: tuple[ScoredHead, ...]
    calibration: Calibration
    logits: torch.Tensor
    score: head_scores.HeadScore

    @property
    def name(self) -> str:
        """Return what people read."""
        return " and ".join(member.trial.name for member in self.members)

    def average(self, *, is_multilabel: bool) -> torch.Tensor:
        """Return the out-of-fold probabilities (K, C), the mean over repeats."""
        return head_scores.average_probabilities(self.logits, is_multilabel=is_multilabel)


def rank(scored_heads: Sequence[ScoredHead]) -> list[ScoredHead]:
    """Return the heads, best first: by value less standard error, then by log loss."""
    return sorted(scored_heads, key=lambda scored: (-scored.score.lower, scored.score.log_loss))


def build_ensemble(members: tuple[ScoredHead, ...], cross_validation: CrossValidation) -> HeadEnsemble:
    """Return the calibrated mean of the members' outputs."""
    if len(members) == 1:
        return HeadEnsemble(members, Calibration(), members[0].logits, members[0].score)
    mixed = average_logits([member.logits for member in members], is_multilabel=cross_validation.is_multilabel)
    one_hot = cross_validation.one_hot
    fitted = calibrate(mixed.flatten(0, 1), one_hot.repeat(len(mixed), 1), is_multilabel=cross_validation.is_multilabel)
    logits = fitted.apply(mixed)
    return HeadEnsemble(
        members, fitted, logits, head_scores.measure(logits, one_hot, is_multilabel=cross_validation.is_multilabel)
    )


def select_ensemble(
    first: ScoredHead, scored_heads: Sequence[ScoredHead], cross_validation: CrossValidation
) -> HeadEnsemble:
    """Return the first head with those added, one by one, that lower the log loss and do not lower the score."""
    ensemble = build_ensemble((first,), cross_validation)
    while len(ensemble.members) < MOST_MEMBERS:
        others = [one for one in rank(scored_heads)[:POOL] if all(one is not member for member in ensemble.members)]
        wider = [build_ensemble((*ensemble.members, other), cross_validation) for other in others]
        better = [one for one in wider if _is_better(one, ensemble)]
        if not better:
            break
        ensemble = min(better, key=lambda one: one.score.log_loss)
    return ensemble


def _is_better(wider: HeadEnsemble, ensemble: HeadEnsemble) -> bool:
    saved = ensemble.score.log_loss - wider.score.log_loss
    floor = ensemble.score.lower - 0.25 * ensemble.score.standard_error
    return wider.score.lower >= floor and saved > LEAST_GAIN * ensemble.score.log_loss
