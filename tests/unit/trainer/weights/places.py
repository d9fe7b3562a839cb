"""Where the tests put weights, and the sources that find them there."""

import hashlib
import pathlib
from collections.abc import Callable

from darkroom_api.run_config import Location, Weights
from darkroom_trainer.weights.finding import Sources, open_sources

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
