"""From a network's name to the tensors it starts from: mounted folder, bucket, hub, embedded weights, in this order.

Owns the order of the sources. What makes a file the right one is in `files`. Must not build networks.
"""

import logging
import pathlib
from collections.abc import Sequence
from typing import Final

from darkroom_api.v1alpha1.common import Task
from darkroom_trainer.networks import backbones
from darkroom_trainer.weights import (
    catalogue,
    checksums,
    detector_files,
    detectors,
    embedded,
    hub as hubs,
    locations,
    packages,
)
from darkroom_trainer.weights.files import FoundWeights, check_file, load_tensors
from darkroom_trainer.weights.sources import Sources, open_sources

__all__ = [
    "FoundWeights", "Sources", "explain_missing", "explain_no_detector", "explain_unusable", "find_weights",
    "list_available", "load_tensors", "open_sources",
]  # fmt: skip

LOG = logging.getLogger(__name__)

MAX_UNASKED_BYTES: Final = 128 << 20
"""The search fetches files of a hub up to this size unasked; a network that a Model names may be larger."""
_REFUSED: Final = (".bin", ".pth", ".pt", ".ckpt", ".pkl")
"""Forms that may hold code, which reading them runs."""


def find_weights(name: str, sources: Sources) -> FoundWeights | None:
    """Return the weights of a network from the first source that has them, fetched; None where none has.

    A detector has its own files, in a folder or bucket only. Raises RunError: InvalidConfiguration for a file that is
    damaged or another network's, StorageUnavailable where a configured source cannot be reached.
    """
    if detectors.is_detector(name):
        return _find_detector(name, sources)
    for source in sources.folders:
        file = _find_file(name, source.list_files())
        if file is not None:
            return _take_from(name, source, file)
        _warn_of_refused(catalogue.list_spellings(name), source)
    found = _take_from_hub(name, sources.hub) if sources.hub is not None else None
    return found or (_take_from_shelf(name, sources.shelf) if sources.shelf is not None else None)


def list_available(sources: Sources, task: Task) -> list[str]:
    """Return the networks whose weights can be had, small to large, detectors that are at hand last.

    Those of the catalogue are at hand, or small and on the hub, or embedded and the one that the search takes unasked.
    """
    listed = frozenset().union(*(source.list_files() for source in sources.folders))
    networks = [
        entry.name
        for entry in catalogue.list_entries(task)
        if _find_file(entry.name, listed) is not None or _is_offered(entry, sources) or _is_embedded(entry, sources)
    ]
    return networks + (detectors.list_names(listed) if task is Task.DETECTOR else [])


def explain_missing(name: str, sources: Sources) -> str:
    """Return what the log and the model's notes say of a network without weights."""
    said = f"no weights for {name} in {sources.describe()}, so it starts from random weights"
    why = sources.shelf.explain(name) if sources.shelf is not None else ""
    return f"{said}; {why}" if why else said


def explain_unusable(sources: Sources) -> str:
    """Return why a search has to do without the embedded weights, though they were not turned off; else nothing."""
    return sources.shelf.explain(packages.SEARCHED) if sources.shelf is not None else ""


def _is_offered(entry: catalogue.CatalogueEntry, sources: Sources) -> bool:
    has_repository = backbones.read_facts(entry.name).hub_repository is not None
    return sources.hub is not None and has_repository and entry.file_bytes <= MAX_UNASKED_BYTES


def _is_embedded(entry: catalogue.CatalogueEntry, sources: Sources) -> bool:
    shelf = sources.shelf
    return shelf is not None and entry.name == packages.SEARCHED and shelf.find(entry.name) is not None


def _find_file(name: str, listed: frozenset[str]) -> str | None:
    wanted = [
        file
        for spelling in catalogue.list_spellings(name)
        for file in (f"{spelling}.safetensors", f"{spelling}/{hubs.FILE}")
    ]
    return next((file for file in wanted if file in listed), None)


def _find_detector(name: str, sources: Sources) -> FoundWeights | None:
    for source in sources.folders:
        listed, shown = source.list_files(), source.shown.rstrip("/")
        for folder in detectors.list_folders(name):
            file, config = f"{folder}/{detectors.WEIGHTS_FILE}", f"{folder}/{detectors.CONFIG_FILE}"
            if file in listed and config not in listed:
                said = f"{shown}/{config} is missing, which says the form of {name}; put it beside its weights"
                raise detector_files.refuse(said)
            if file in listed:
                text = source.read_text(config, detector_files.MAX_CONFIG_BYTES)
                path, actual, is_verified = _fetch(source, file)
                return detector_files.check_detector(
                    name, path, f"{shown}/{file}", actual, text, is_verified=is_verified
                )
        _warn_of_refused(detectors.list_folders(name), source)
    return None


def explain_no_detector(name: str, sources: Sources) -> str:
    """Return why a Model cannot have the detector that it names: none is learned from random weights."""
    return (
        f"backbone: no weights for {name} in {sources.describe()}; put its {detectors.WEIGHTS_FILE} and "
        f"{detectors.CONFIG_FILE} into a folder of that name there, or leave the choice to the search"
    )


def _warn_of_refused(spellings: Sequence[str], source: locations.WeightsSource) -> None:
    for spelling in spellings:
        for file in sorted(source.list_files()):
            if file.startswith((f"{spelling}.", f"{spelling}/")) and file.endswith(_REFUSED):
                LOG.warning("%s in %s is not read, since it may hold code; save it as safetensors", file, source.shown)


def _take_from(name: str, source: locations.WeightsSource, file: str) -> FoundWeights:
    path, actual, is_verified = _fetch(source, file)
    return check_file(name, path, f"{source.shown.rstrip('/')}/{file}", actual, is_verified=is_verified)


def _fetch(source: locations.WeightsSource, file: str) -> tuple[pathlib.Path, str, bool]:
    """Return where a file is now, its SHA-256, and whether that was compared with one beside it."""
    path, shown = source.fetch(file), f"{source.shown.rstrip('/')}/{file}"
    actual = checksums.compute_sum(path)
    listed = source.list_files()
    for sum_file in checksums.list_sum_files(file):
        if sum_file not in listed:
            continue
        expected = checksums.read_sum(source.read_text(sum_file, checksums.MAX_SUMS_BYTES), sum_file, file)
        if expected is not None:
            checksums.check_sum(shown, actual, expected, f"{sum_file} beside it")
            return path, actual, True
    return path, actual, False


def _take_from_hub(name: str, hub: hubs.Hub) -> FoundWeights | None:
    repository = backbones.read_facts(name).hub_repository
    got = hub.fetch(repository) if repository is not None else None
    if repository is None or got is None:
        return None
    shown, actual = hub.build_address(repository), checksums.compute_sum(got.path)
    if got.expected_sum is not None:
        checksums.check_sum(shown, actual, got.expected_sum, "the hub")
    return check_file(name, got.path, shown, actual, is_verified=got.expected_sum is not None)


def _take_from_shelf(name: str, shelf: embedded.EmbeddedShelf) -> FoundWeights | None:
    got = shelf.find(name)
    if got is None:
        return None
    return check_file(name, got.path, got.network.source, got.network.converted_sum, is_verified=True)
