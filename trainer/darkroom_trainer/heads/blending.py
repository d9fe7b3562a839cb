"""The mean of a few different heads, which often is better than the best of them.

Owns which are put together, judged on their kept-out answers. Pure.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import torch

from darkroom_trainer.heads import scoring
from darkroom_trainer.heads.fits.model import mix
from darkroom_trainer.heads.fits.temperature import Calibration, calibrate
from darkroom_trainer.heads.validation import Candidate, Trialling

MOST_MEMBERS: Final = 3
POOL: Final = 8
"""Best candidates that may be put together."""
LEAST_GAIN: Final = 0.01
"""Part of the log loss that a further member has to save."""


@dataclass(frozen=True)
class Blend:
    """One or more candidates, with the calibration of their mean and its score."""

    members: tuple[Candidate, ...]
    calibration: Calibration
    logits: torch.Tensor
    score: scoring.Score

    @property
    def name(self) -> str:
        """Return what people read."""
        return " and ".join(member.unit.name for member in self.members)


def rank(candidates: Sequence[Candidate]) -> list[Candidate]:
    """Return the candidates, best first: by value less standard error, then by log loss."""
    return sorted(candidates, key=lambda candidate: (-candidate.score.cautious, candidate.score.log_loss))


def build_blend(members: tuple[Candidate, ...], trialling: Trialling) -> Blend:
    """Return the calibrated mean of the members' answers."""
    if len(members) == 1:
        return Blend(members, Calibration(), members[0].logits, members[0].score)
    mixed = mix([member.logits for member in members], several=trialling.several)
    marks = trialling.marks
    fitted = calibrate(mixed.flatten(0, 1), marks.repeat(len(mixed), 1), several=trialling.several)
    logits = fitted.apply(mixed)
    return Blend(members, fitted, logits, scoring.measure(logits, marks, several=trialling.several))


def blend_best(first: Candidate, candidates: Sequence[Candidate], trialling: Trialling) -> Blend:
    """Return the first candidate with those added, one by one, that lower the log loss and do not lower the score."""
    blend = build_blend((first,), trialling)
    while len(blend.members) < MOST_MEMBERS:
        others = [one for one in rank(candidates)[:POOL] if all(one is not member for member in blend.members)]
        wider = [build_blend((*blend.members, other), trialling) for other in others]
        better = [one for one in wider if _is_better(one, blend)]
        if not better:
            break
        blend = min(better, key=lambda one: one.score.log_loss)
    return blend


def _is_better(wider: Blend, blend: Blend) -> bool:
    saved = blend.score.log_loss - wider.score.log_loss
    floor = blend.score.cautious - 0.25 * blend.score.standard_error
    return wider.score.cautious >= floor and saved > LEAST_GAIN * blend.score.log_loss
