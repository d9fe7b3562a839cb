"""Frozen-feature classifiers of every kind, with random numbers in place of fitted ones."""

from collections.abc import Mapping

import torch

from darkroom_trainer.features import blocks
from darkroom_trainer.features.block_names import BACKBONE_PREFIX
from darkroom_trainer.heads.fits import model as heads
from darkroom_trainer.networks.frozen_networks import FrozenNetwork
from tests.support.models import LABELS

CALIBRATED = {"sharpness": 1.3, "shift": 0.1}


def a_frozen_classifier(
    kind: str,
    *,
    is_multilabel: bool,
    size_px: int = 32,
    seed: int = 2,
    networks: Mapping[str, FrozenNetwork] = heads.NO_BACKBONES,
) -> heads.FrozenClassifier:
    """Return a head of `kind` on every block of fixed features, together with a linear one on two of them."""
    torch.manual_seed(seed)
    names = [*(f"{BACKBONE_PREFIX}{name}" for name in networks), *blocks.BLOCKS]
    look = {"size_px": size_px, "mean": (0.485, 0.456, 0.406), "deviation": (0.229, 0.224, 0.225)}
    found = blocks.Extractor(names, look, networks)(torch.rand(2, 3, size_px, size_px))
    members = [
        {"kind": kind, "blocks": names, "points": 7, **CALIBRATED},
        {"kind": "linear", "blocks": names[:2], "points": 0, **CALIBRATED},
    ]
    widths = [block.shape[1] for block in found]
    spec = {"blocks": names, "widths": widths, "look": look, "several": is_multilabel, "members": members, **CALIBRATED}
    model = heads.build_frozen_classifier(spec, len(LABELS), networks)
    for name, value in model.members.state_dict().items():
        drawn = torch.rand_like(value) - (0.5 if name.endswith("weight") else 0.0)
        value.copy_(0.2 * drawn if value.ndim else torch.tensor(1.5))
    return model
