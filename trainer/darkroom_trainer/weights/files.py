"""A file of weights: whose it is, and its tensors.

Owns what makes a file the right one for a network. Must not look for files.
"""

import logging
import pathlib
from dataclasses import asdict, dataclass
from typing import Any, Final

import safetensors
import safetensors.torch
import torch

from darkroom_api.conditions import Reason
from darkroom_trainer.networks import backbones
from darkroom_trainer.runtime.errors import RunError
from darkroom_trainer.weights import catalogue

LOG = logging.getLogger(__name__)

LEAST_FITTING: Final = 0.8
"""Of a network's tensors. Files of another size of image or another head lack a few, files of another network most."""


@dataclass(frozen=True)
class FoundWeights:
    """A file of weights that fits a network and whose sum, where there is one, is right."""

    name: str
    path: pathlib.Path
    source: str
    sha256: str
    is_verified: bool
    """Whether the sum was compared with one that came with the file."""
    licence: str | None
    matched_tensors: int
    total_tensors: int
    network: str = ""
    """What a detector is built by, see `Recipe.network`."""

    def to_json(self) -> dict[str, Any]:
        """Return what the record of a run says of it; where the file was on this machine is left out."""
        return {key: value for key, value in asdict(self).items() if key not in ("path", "network")}


def load_tensors(found: FoundWeights) -> dict[str, torch.Tensor]:
    """Return the tensors of a file that `find_weights` found."""
    tensors: dict[str, torch.Tensor] = safetensors.torch.load_file(found.path)
    return tensors


def check_file(name: str, path: pathlib.Path, shown: str, actual: str, *, is_verified: bool) -> FoundWeights:
    """Return what was found, with its sum `actual`; RunError(InvalidConfiguration) for another network's file."""
    own, offered = backbones.list_shapes(name), read_shapes(path, shown)
    matched = sum(offered.get(key) == shape for key, shape in own.items())
    if matched < LEAST_FITTING * len(own):
        raise RunError(
            Reason.INVALID_CONFIGURATION,
            f"weights: {shown} is not of {name}: {matched:,} of its {len(own):,} tensors are there in their shapes, "
            f"at least {LEAST_FITTING:.0%} are needed; put timm's own file there",
        )
    licence = backbones.read_facts(name).licence
    warn_of_terms(name, licence, shown, actual, is_verified=is_verified)
    return FoundWeights(name, path, shown, actual, is_verified, licence, matched, len(own))


def warn_of_terms(name: str, licence: str | None, shown: str, actual: str, *, is_verified: bool) -> None:
    """Log what a user should know of weights that are used: a licence that may not allow it, no sum to compare."""
    if not catalogue.is_permissive(licence):
        LOG.warning("the weights of %s are under %s, which may not allow your use", name, licence or "no known licence")
    if not is_verified:
        LOG.warning("%s came without a SHA-256 to compare; it has %s", shown, actual)


def read_shapes(path: pathlib.Path, shown: str) -> dict[str, tuple[int, ...]]:
    """Return the shapes of a file's tensors from its head."""
    try:
        with safetensors.safe_open(path, framework="np") as opened:
            keys = opened.keys()
            return {key: tuple(opened.get_slice(key).get_shape()) for key in keys}
    except safetensors.SafetensorError as error:
        raise RunError(
            Reason.INVALID_CONFIGURATION,
            f"weights: {shown} is not a safetensors file ({error}); put the right one there",
        ) from error
