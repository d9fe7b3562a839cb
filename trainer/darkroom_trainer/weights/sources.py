"""Where a run looks for pretrained weights: mounted folder, bucket, hub, embedded weights, in this order.

Owns how they are opened. Must not know networks, or look for one.
"""

import pathlib
from dataclasses import dataclass
from typing import Final

from darkroom_api import names, run_config
from darkroom_storage import certificates
from darkroom_trainer.weights import embedded, hub as hubs, locations

CACHE: Final = "weights"


@dataclass(frozen=True)
class Sources:
    """Where a run looks for weights, in this order."""

    folders: tuple[locations.WeightsSource, ...]
    hub: hubs.Hub | None = None
    shelf: embedded.EmbeddedShelf | None = None

    def describe(self) -> str:
        """Return the sources for a message."""
        shown = [folder.shown for folder in self.folders] + ([self.hub.base_url] if self.hub else [])
        return " or ".join(shown)


def open_sources(
    weights: run_config.Weights, work: pathlib.Path, folder: pathlib.Path = pathlib.Path(names.WEIGHTS_DIR)
) -> Sources:
    """Return the sources of a run, which keep what they fetch below `work`.

    Raises RunError(InvalidConfiguration) where a credential is missing.
    """
    cache = work / CACHE
    folders: list[locations.WeightsSource] = [locations.FolderSource(folder)]
    if weights.location is not None:
        folders.append(locations.open_location(weights.location, cache / "bucket"))
    shelf = embedded.EmbeddedShelf(embedded.list_caches(cache)) if weights.embedded else None
    return Sources(tuple(folders), _open_hub(weights, cache / "hub"), shelf)


def _open_hub(weights: run_config.Weights, cache: pathlib.Path) -> hubs.Hub | None:
    if weights.hub is None:
        return None
    authorities = certificates.read_authorities(run_config.StorageAccess(reach=weights.reach))
    return hubs.Hub(weights.hub, cache, weights.reach, certificates.build_context(authorities))
