"""From a network's name to the tensors it starts from: mounted folder, then bucket, then hub, each only if configured.

Owns the order of the sources and what makes a file the right one. Must not build networks.
"""

import logging
import pathlib
from dataclasses import asdict, dataclass
from typing import Any, Final

import safetensors
import safetensors.torch
import torch

from darkroom_api import names, run_config
from darkroom_api.conditions import Reason
from darkroom_api.v1alpha1.common import Task
from darkroom_trainer.errors import RunError
from darkroom_trainer.tasks import backbones
from darkroom_trainer.weights import catalogue, checksums, hub as hubs, shelves

LOG = logging.getLogger(__name__)

LEAST_FITTING: Final = 0.8
"""Of a network's tensors. Files of another size of image or another head lack a few, files of another network most."""
MAX_UNASKED_BYTES: Final = 128 << 20
"""The search fetches files of a hub up to this size unasked; a network that a Model names may be larger."""
CACHE: Final = "weights"
_REFUSED: Final = (".bin", ".pth", ".pt", ".ckpt", ".pkl")
"""Forms that may hold code, which reading them runs."""


@dataclass(frozen=True)
class Sources:
    """Where a run looks for weights, in this order."""

    folders: tuple[shelves.Shelf, ...]
    hub: hubs.Hub | None = None

    def describe(self) -> str:
        """Return the sources for a message."""
        shown = [folder.shown for folder in self.folders] + ([self.hub.base_url] if self.hub else [])
        return " or ".join(shown)


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

    def to_json(self) -> dict[str, Any]:
        """Return what the record of a run says of it; where the file was on this machine is left out."""
        return {key: value for key, value in asdict(self).items() if key != "path"}


def open_sources(
    weights: run_config.Weights, work: pathlib.Path, folder: pathlib.Path = pathlib.Path(names.WEIGHTS_DIR)
) -> Sources:
    """Return the sources of a run, which keep what they fetch below `work`.

    Raises RunError(InvalidConfiguration) where a credential is missing.
    """
    cache = work / CACHE
    folders: list[shelves.Shelf] = [shelves.FolderShelf(folder)]
    if weights.location is not None:
        folders.append(shelves.open_location(weights.location, cache / "bucket"))
    return Sources(tuple(folders), hubs.Hub(weights.hub, cache / "hub") if weights.hub else None)


def find_weights(name: str, sources: Sources) -> FoundWeights | None:
    """Return the weights of a network from the first source that has them, fetched; None where none has.

    Raises RunError: InvalidConfiguration for a file that is damaged or another network's, StorageUnavailable where a
    configured source cannot be reached.
    """
    for shelf in sources.folders:
        file = _find_file(name, shelf.list_files())
        if file is not None:
            return _take_from_shelf(name, shelf, file)
        _warn_of_refused(name, shelf)
    return _take_from_hub(name, sources.hub) if sources.hub is not None else None


def list_available(sources: Sources, task: Task) -> list[str]:
    """Return the names of the catalogue whose weights can be had: at hand, or small and on the hub; small to large."""
    listed = frozenset().union(*(shelf.list_files() for shelf in sources.folders))
    return [
        entry.name
        for entry in catalogue.list_entries(task)
        if _find_file(entry.name, listed) is not None or _is_offered(entry, sources)
    ]


def explain_missing(name: str, sources: Sources) -> str:
    """Return what the log and the model's notes say of a network without weights."""
    return f"no weights for {name} in {sources.describe()}, so it starts from random weights"


def load_tensors(found: FoundWeights) -> dict[str, torch.Tensor]:
    """Return the tensors of a file that `find_weights` found."""
    tensors: dict[str, torch.Tensor] = safetensors.torch.load_file(found.path)
    return tensors


def _is_offered(entry: catalogue.Entry, sources: Sources) -> bool:
    has_repository = backbones.read_facts(entry.name).hub_repository is not None
    return sources.hub is not None and has_repository and entry.file_bytes <= MAX_UNASKED_BYTES


def _find_file(name: str, listed: frozenset[str]) -> str | None:
    wanted = [
        file
        for spelling in catalogue.list_spellings(name)
        for file in (f"{spelling}.safetensors", f"{spelling}/{hubs.FILE}")
    ]
    return next((file for file in wanted if file in listed), None)


def _warn_of_refused(name: str, shelf: shelves.Shelf) -> None:
    for spelling in catalogue.list_spellings(name):
        for file in sorted(shelf.list_files()):
            if file.startswith((f"{spelling}.", f"{spelling}/")) and file.endswith(_REFUSED):
                LOG.warning("%s in %s is not read, since it may hold code; save it as safetensors", file, shelf.shown)


def _take_from_shelf(name: str, shelf: shelves.Shelf, file: str) -> FoundWeights:
    path, shown = shelf.fetch(file), f"{shelf.shown.rstrip('/')}/{file}"
    actual, is_verified = checksums.compute_sum(path), False
    listed = shelf.list_files()
    for sum_file in checksums.list_sum_files(file):
        if sum_file not in listed:
            continue
        expected = checksums.read_sum(shelf.read_text(sum_file, checksums.MAX_SUMS_BYTES), sum_file, file)
        if expected is not None:
            checksums.check_sum(shown, actual, expected, f"{sum_file} beside it")
            is_verified = True
            break
    return _check(name, path, shown, actual, is_verified=is_verified)


def _take_from_hub(name: str, hub: hubs.Hub) -> FoundWeights | None:
    repository = backbones.read_facts(name).hub_repository
    got = hub.fetch(repository) if repository is not None else None
    if repository is None or got is None:
        return None
    shown, actual = hub.build_address(repository), checksums.compute_sum(got.path)
    if got.expected_sum is not None:
        checksums.check_sum(shown, actual, got.expected_sum, "the hub")
    return _check(name, got.path, shown, actual, is_verified=got.expected_sum is not None)


def _check(name: str, path: pathlib.Path, shown: str, actual: str, *, is_verified: bool) -> FoundWeights:
    """Return what was found, once it is known to fit the network."""
    own, offered = backbones.list_shapes(name), _read_shapes(path, shown)
    matched = sum(offered.get(key) == shape for key, shape in own.items())
    if matched < LEAST_FITTING * len(own):
        raise RunError(
            Reason.INVALID_CONFIGURATION,
            f"weights: {shown} is not of {name}: {matched:,} of its {len(own):,} tensors are there in their shapes, "
            f"at least {LEAST_FITTING:.0%} are needed; put timm's own file there",
        )
    licence = backbones.read_facts(name).licence
    if not catalogue.is_permissive(licence):
        LOG.warning("the weights of %s are under %s, which may not allow your use", name, licence or "no known licence")
    if not is_verified:
        LOG.warning("%s came without a SHA-256 to compare; it has %s", shown, actual)
    return FoundWeights(name, path, shown, actual, is_verified, licence, matched, len(own))


def _read_shapes(path: pathlib.Path, shown: str) -> dict[str, tuple[int, ...]]:
    """Return the shapes of a file's tensors from its head."""
    try:
        with safetensors.safe_open(path, framework="pt") as opened:
            keys = opened.keys()
            return {key: tuple(opened.get_slice(key).get_shape()) for key in keys}
    except safetensors.SafetensorError as error:
        raise RunError(
            Reason.INVALID_CONFIGURATION,
            f"weights: {shown} is not a safetensors file ({error}); put the right one there",
        ) from error
