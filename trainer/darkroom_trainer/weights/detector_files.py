"""The two files of a detector that learned from other pictures: its tensors, and the config.json that says its form.

Owns what makes both the right ones. Must not look for files. What transformers reads is imported only for such a file.
"""

import pathlib
from typing import Final

import numpy as np
import safetensors
import safetensors.torch

from darkroom_api.conditions import Reason
from darkroom_trainer.runtime.errors import RunError
from darkroom_trainer.weights import detectors
from darkroom_trainer.weights.files import FoundWeights, read_shapes, warn_of_terms

MAX_CONFIG_BYTES: Final = 1 << 20


def check_detector(
    name: str, path: pathlib.Path, shown: str, actual: str, config: str, *, is_verified: bool
) -> FoundWeights:
    """Return what was found, `config` being the text beside it; RunError(InvalidConfiguration) saying what is wrong."""
    from darkroom_trainer.networks import dfine

    try:
        network = dfine.read_network(config)
    except dfine.ConfigRefused as error:
        where = shown.removesuffix(detectors.WEIGHTS_FILE) + detectors.CONFIG_FILE
        raise refuse(f"{where} {error}; put the one of {name}'s own release there") from error
    own, offered = dfine.list_shapes(network), read_shapes(path, shown)
    for key, shape in own.items():
        source = dfine.find_source(key, offered)
        if source is None or offered[source] != shape:
            has = "is not there" if source is None else f"has shape {offered[source]}"
            raise refuse(
                f"{shown} is not of the config.json beside it: {key} {has}, {shape} is needed; "
                "put both files of one release there"
            )
    _check_numbers(path, shown)
    licence = detectors.find_licence(name)
    warn_of_terms(name, licence, shown, actual, is_verified=is_verified)
    return FoundWeights(name, path, shown, actual, is_verified, licence, len(own), len(own), network)


def refuse(problem: str) -> RunError:
    """Return the end of a run whose Model names a detector that cannot be used."""
    return RunError(Reason.INVALID_CONFIGURATION, f"weights: {problem}")


def _check_numbers(path: pathlib.Path, shown: str) -> None:
    """Raise RunError where a tensor holds what is no number: every answer would be none."""
    for key, tensor in safetensors.torch.load_file(path).items():
        if tensor.is_floating_point() and not np.isfinite(tensor.float().numpy()).all():
            raise refuse(f"{shown} holds values in {key} that are no numbers (NaN or Inf); fetch it again")
