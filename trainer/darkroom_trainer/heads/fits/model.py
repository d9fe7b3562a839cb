"""The module of a frozen-feature classifier: blocks of features and one or a few heads, built from a spec alone.

Owns the spec's meaning and the layers. Must not fit anything. A spec is JSON-able; together with the number of labels
it gives the shape of every tensor, so that `load_state_dict` restores a model from a file exactly.
"""

from collections.abc import Mapping
from typing import Any, Final

import torch
from torch import nn

from darkroom_trainer.features.block_names import list_networks
from darkroom_trainer.features.blocks import Extractor
from darkroom_trainer.heads.fits.exemplars import Kernel, Neighbours, Prototypes
from darkroom_trainer.heads.fits.linear import Linear
from darkroom_trainer.heads.fits.scaling import Scale
from darkroom_trainer.heads.fits.temperature import Calibration
from darkroom_trainer.networks.frozen_networks import FrozenNetwork

Spec = dict[str, Any]
Head = Linear | Kernel | Neighbours | Prototypes
NO_BACKBONES: Final[Mapping[str, FrozenNetwork]] = {}
_KINDS: Final[Mapping[str, type[Any]]] = {
    kind.__name__.lower(): kind for kind in (Linear, Kernel, Neighbours, Prototypes)
}
_TENSORS: Final[Mapping[str, tuple[str, ...]]] = {
    "linear": ("weight", "bias"),
    "kernel": ("points", "weight", "bias", "sharpness"),
    "neighbours": ("points", "marks", "sharpness"),
    "prototypes": ("directions",),
}


class EnsembleMember(nn.Module):
    """One head on some of the blocks, with its calibration: features to logits (B, C)."""

    def __init__(self, spec: Spec, width: int, num_labels: int, *, is_multilabel: bool) -> None:
        super().__init__()
        self.kind: str = spec["kind"]
        self.is_multilabel = is_multilabel
        self.calibration = Calibration(spec["sharpness"], spec["shift"])
        points = spec["points"]
        shapes = {
            "weight": (points if self.kind == "kernel" else width, num_labels),
            "bias": (num_labels,),
            "points": (points, width),
            "marks": (points, num_labels),
            "directions": (width, num_labels),
            "sharpness": (),
        }
        for name in _TENSORS[self.kind]:
            self.register_buffer(name, torch.zeros(shapes[name]))
        if self.kind != "linear":
            self.register_buffer("centre", torch.zeros(width))
            self.register_buffer("factor", torch.ones(width))

    def fill(self, head: Head, scale: Scale) -> None:
        """Take over what was fitted; a linear head takes scale and calibration into its weights."""
        if isinstance(head, Linear):
            folded = fold(head, scale, self.calibration)
            self._set({"weight": folded.weight, "bias": folded.bias})
            return
        self._set({name: getattr(head, name) for name in _TENSORS[self.kind]})
        self._set({"centre": scale.centre, "factor": scale.factor})

    def _set(self, values: Mapping[str, torch.Tensor]) -> None:
        for name, value in values.items():
            getattr(self, name).copy_(value)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Return logits (B, C) of features (B, D)."""
        values: dict[str, Any] = {name: getattr(self, name) for name in _TENSORS[self.kind]}
        if self.kind == "linear":
            return Linear(**values).apply(features)
        if self.kind == "neighbours":
            values["is_multilabel"] = self.is_multilabel
        scaled = Scale(self.get_buffer("centre"), self.get_buffer("factor")).apply(features)
        raw: torch.Tensor = _KINDS[self.kind](**values).apply(scaled)
        return self.calibration.apply(raw)


def fold(head: Linear, scale: Scale, calibration: Calibration) -> Linear:
    """Return the head for features that are not scaled, with calibrated logits."""
    weight = head.weight.double() * scale.factor.double()[:, None]
    bias = head.bias.double() - scale.centre.double() @ weight
    return Linear((weight * calibration.inverse_temperature).float(), calibration.apply(bias).float())


class FrozenClassifier(nn.Module):
    """Normalized images (B, 3, S, S) to logits (B, C): the mean of its members' (of their log probabilities).

    Softmax of the logits, or with several labels a row their sigmoid, are the probabilities.
    """

    def __init__(self, spec: Spec, num_labels: int, backbones: Mapping[str, FrozenNetwork]) -> None:
        super().__init__()
        self.spec = spec
        self.is_multilabel: bool = spec["several"]
        self.calibration = Calibration(spec["sharpness"], spec["shift"])
        self.networks = {name: backbones[name] for name in list_networks(spec["blocks"])}
        self.extractor = Extractor(spec["blocks"], spec["look"], backbones)
        widths = dict(zip(spec["blocks"], spec["widths"], strict=True))
        self.block_indices = [[spec["blocks"].index(name) for name in member["blocks"]] for member in spec["members"]]
        members = []
        for member in spec["members"]:
            width = sum(widths[name] for name in member["blocks"])
            members.append(EnsembleMember(member, width, num_labels, is_multilabel=self.is_multilabel))
        self.members = nn.ModuleList(members)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Return logits (B, C)."""
        return self.answer(self.extractor(images))

    def answer(self, blocks: list[torch.Tensor]) -> torch.Tensor:
        """Return logits (B, C) of the features of the blocks."""
        outputs = [
            member(torch.cat([blocks[index] for index in indices], dim=1))
            for member, indices in zip(self.members, self.block_indices, strict=True)
        ]
        return self.calibration.apply(average_logits(outputs, is_multilabel=self.is_multilabel))


def average_logits(outputs: list[torch.Tensor], *, is_multilabel: bool) -> torch.Tensor:
    """Return the mean of logits, of log probabilities where each row has one label."""
    if len(outputs) == 1:
        return outputs[0]
    logits = torch.stack(outputs)
    return (logits if is_multilabel else torch.log_softmax(logits, dim=-1)).mean(dim=0)


def build_frozen_classifier(
    spec: Spec, num_labels: int, backbones: Mapping[str, FrozenNetwork] = NO_BACKBONES
) -> FrozenClassifier:
    """Return the model of a spec, to be filled by `load_state_dict`; `backbones` has the modules that it names.

    Raises KeyError where the spec names a block or a backbone that there is not.
    """
    return FrozenClassifier(spec, num_labels, backbones).eval()
