"""What the frozen stages of networks say of variations of images, kept in memory while a run trains what follows them.

Owns how much is kept. Whether something is kept changes no step: what is missing is looked at again, alone, and comes
out the same. Must not know networks.
"""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass

import torch

from darkroom_trainer.loop.recipe import MOST_KEPT_BYTES
from darkroom_trainer.networks.stages import Maps
from darkroom_trainer.tasks.base import Targets


@dataclass(frozen=True)
class VariationMaps:
    """One variation of an image: its maps (1, ...), and its targets (1, ...), which vary with it."""

    maps: Maps
    targets: Targets

    @property
    def map_bytes(self) -> int:
        """Return the memory that the maps take."""
        return sum(one.numel() * one.element_size() for one in self.maps)


class KeptMaps:
    """Maps of variations by what they depend on; the oldest go first where memory ends."""

    def __init__(self, most_bytes: int = MOST_KEPT_BYTES) -> None:
        self._most_bytes = most_bytes
        self._looks: dict[Hashable, VariationMaps] = {}
        self._bytes = 0

    def take(self, key: Hashable, look: Callable[[], VariationMaps]) -> VariationMaps:
        """Return the look of a key, and keep it."""
        found = self._looks.get(key)
        if found is None:
            found = self._looks[key] = look()
            self._bytes += found.map_bytes
            while self._bytes > self._most_bytes:
                self._bytes -= self._looks.pop(next(iter(self._looks))).map_bytes
        return found


def join_looks(looks: Sequence[VariationMaps]) -> tuple[Maps, Targets]:
    """Return the maps (B, ...) and targets (B, ...) of a batch."""
    maps = [torch.cat(levels) for levels in zip(*(one.maps for one in looks), strict=True)]
    targets = {name: torch.cat([one.targets[name] for one in looks]) for name in looks[0].targets}
    return maps, targets
