"""Logits of tags to probabilities and back, in torch; `darkroom_predict.decoding.tags` is the same in numpy.

Pure.
"""

from typing import Final

import torch

LEAST_PROBABILITY: Final = 1e-6


def to_probabilities(logits: torch.Tensor, *, is_multilabel: bool) -> torch.Tensor:
    """Return the probabilities of logits (..., C), in float32."""
    return logits.float().sigmoid() if is_multilabel else logits.float().softmax(dim=-1)


def to_logits(probabilities: torch.Tensor, *, is_multilabel: bool) -> torch.Tensor:
    """Return logits (..., C) that give back `probabilities`."""
    kept = probabilities.clamp(LEAST_PROBABILITY, 1 - LEAST_PROBABILITY)
    return kept.log() - (-kept).log1p() if is_multilabel else kept.log()
