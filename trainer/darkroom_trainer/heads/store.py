"""The features of the images that heads are fitted on: block by block, the images as they are and varied views of them.

Owns when features are computed and which are kept in memory; those of frozen networks, which cost the most, go through
tables that outlive the process. View 0 is the image itself. Must not know labels' meaning or heads.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import torch

from darkroom_trainer.features.block_names import is_of_network, list_networks
from darkroom_trainer.features.blocks import Extractor
from darkroom_trainer.features.normalization import normalize, to_float
from darkroom_trainer.heads.feature_tables import FeatureTable, FeatureTables
from darkroom_trainer.heads.fits.linear import Batches, Part
from darkroom_trainer.heads.fits.model import NO_BACKBONES, Spec
from darkroom_trainer.heads.fits.scaling import Scale
from darkroom_trainer.networks import onnx_networks
from darkroom_trainer.networks.frozen_networks import FrozenNetwork

Rows = npt.NDArray[np.int64]
Networks = Mapping[str, FrozenNetwork]
"""Frozen networks for images of the examples' size, by name."""
Views = Callable[[torch.Tensor, int], torch.Tensor]
"""The k-th varied view (k from 1) of images (B, 3, S, S) in [0, 1]."""
Check = Callable[[], None]
"""Raises where the work is to end."""

BATCH: Final = 256
NETWORK_BATCH: Final = 8
"""Images that a frozen network looks at together: on a CPU more are no faster, and take memory."""
PROBED: Final = 32
PROBED_BY_NETWORK: Final = 8
KEPT_BYTES: Final = 256 << 20
"""Images in memory as floats, and features of one block, up to which they are kept."""


def go_on() -> None:
    """Let the work go on."""


@dataclass(frozen=True)
class Examples:
    """Decoded images (N, S, S, 3) uint8, the rows (M,) of them that are labelled, and their labels.

    Labels are (M,) int64, or (M, C) bool where a row has any number of them. Mean and std are (3, 1, 1).
    """

    images: torch.Tensor
    mean: torch.Tensor
    std: torch.Tensor
    rows: Rows
    labels: torch.Tensor
    num_labels: int

    @property
    def is_multilabel(self) -> bool:
        """Return whether a row has any number of labels."""
        return self.labels.ndim == 2

    @property
    def device(self) -> torch.device:
        """Return the device that computes, which is where mean and std are; images may lie elsewhere."""
        return self.mean.device

    def build_one_hot(self, indices: Rows) -> torch.Tensor:
        """Return targets (K, C) of 0 and 1 for indices into the rows."""
        labels = self.labels[torch.from_numpy(indices).to(self.labels.device)].to(self.device)
        if self.is_multilabel:
            return labels.float()
        return torch.nn.functional.one_hot(labels.long(), self.num_labels).float()

    def describe_look(self) -> Spec:
        """Return how images are normalized, as the spec has it."""
        mean, deviation = (plane.flatten().tolist() for plane in (self.mean, self.std))
        return {"size_px": int(self.images.shape[1]), "mean": mean, "deviation": deviation}


class FeatureStore:
    """Features of some of the examples (`indices` into their rows), computed when first asked for."""

    def __init__(
        self,
        examples: Examples,
        indices: Rows,
        views: Views | None = None,
        backbones: Networks = NO_BACKBONES,
        tables: FeatureTables | None = None,
    ) -> None:
        self.examples = examples
        self.indices = indices
        self._views = views
        self.backbones = backbones
        self._tables = tables or FeatureTables(len(examples.images))
        self._extractors: dict[str, Extractor] = {}
        self._blocks: dict[tuple[str, int], torch.Tensor] = {}
        self._images: dict[tuple[int, int, int], torch.Tensor] = {}
        self._widths: dict[str, int] = {}
        self._kept_bytes = 0

    @property
    def has_views(self) -> bool:
        """Return whether there are views beside the images."""
        return self._views is not None

    def count_missing(self, block: str, num_views: int) -> int:
        """Return how many images, views counted, the features of a block have yet to be computed of."""
        missing = [view for view in range(num_views + 1) if (block, view) not in self._blocks]
        if 0 in missing and is_of_network(block):
            known = len(self.indices) - len(self._open_table(block).find_missing(self._find_rows(slice(None))))
            return len(missing) * len(self.indices) - known
        return len(missing) * len(self.indices)

    def probe(self, block: str) -> int:
        """Compute the features of a few images, to be timed; returns how many."""
        if is_of_network(block):
            part = slice(0, min(PROBED_BY_NETWORK, len(self.indices)))
            missing = self._open_table(block).find_missing(self._find_rows(part))
            if len(missing):  # these are kept
                self._complete(block, missing)
                return len(missing)
        else:
            part = slice(0, min(PROBED, len(self.indices)))
        self._extract(block, self._load(int(self.has_views), part))
        return part.stop

    def narrow(self, indices: Rows) -> "FeatureStore":
        """Return a store of other rows of the same examples."""
        return FeatureStore(self.examples, indices, self._views, self.backbones, self._tables)

    def find_width(self, block: str) -> int:
        """Return how many features a block has."""
        if is_of_network(block):
            return self._find_network(block).width
        if block not in self._widths:
            self._widths[block] = int(self._extract(block, self._load(0, slice(0, 1))).shape[1])
        return self._widths[block]

    def extract(self, blocks: Sequence[str], num_views: int, check: Check = go_on) -> None:
        """Compute the features of the blocks for all rows and so many views, where they are not there yet.

        `check` is called between batches; what it raises ends the work, and a network's features so far are kept.
        """
        for view in range(num_views + 1):
            for block in blocks:
                self._get_block(block, view, check)

    def get_features(self, blocks: Sequence[str], view: int) -> torch.Tensor:
        """Return the features (M, D) of the blocks side by side, for one view of all rows."""
        return torch.cat([self._get_block(block, view) for block in blocks], dim=1)

    def gather(self, blocks: Sequence[str], chosen: Rows, num_views: int) -> torch.Tensor:
        """Return the features of the chosen rows: as they are, then those of each view ((1 + views) * K, D)."""
        at = torch.from_numpy(chosen).to(self.examples.device)
        return torch.cat([self.get_features(blocks, view)[at] for view in range(num_views + 1)])

    def stream(self, blocks: Sequence[str], num_views: int, scale: Scale) -> Batches:
        """Return all rows with all views, scaled, part by part."""
        width = len(scale.centre)

        def walk() -> Iterator[Part]:
            for view in range(num_views + 1):
                for start in range(0, len(self.indices), BATCH):
                    part = slice(start, start + BATCH)
                    features = torch.cat([self._get_part(block, view, part) for block in blocks], dim=1)
                    yield scale.apply(features), self.examples.build_one_hot(self.indices[part])

        return Batches(len(self.indices) * (num_views + 1), width, walk)

    def _get_part(self, block: str, view: int, part: slice) -> torch.Tensor:
        if (block, view) in self._blocks:
            return self._blocks[block, view][part]
        if view == 0 and is_of_network(block):
            rows = self._find_rows(part)
            self._complete(block, rows)
            return self._open_table(block).take(rows).to(self.examples.device)
        return self._extract(block, self._load(view, part))

    def _get_block(self, block: str, view: int, check: Check = go_on) -> torch.Tensor:
        if (block, view) not in self._blocks:
            if view == 0 and is_of_network(block):
                self._complete(block, self._find_rows(slice(None)), check)
            found = []
            for start in range(0, len(self.indices), BATCH):
                check()
                found.append(self._get_part(block, view, slice(start, start + BATCH)))
            self._blocks[block, view] = torch.cat(found)
        return self._blocks[block, view]

    def _complete(self, block: str, rows: Rows, check: Check = go_on) -> None:
        """Compute what a network says of the rows of images, where the table does not know it yet."""
        table = self._open_table(block)
        missing = table.find_missing(rows)
        embed = onnx_networks.open_fastest(self._find_network(block), len(missing))
        for start in range(0, len(missing), NETWORK_BATCH):
            check()
            some = missing[start : start + NETWORK_BATCH]
            with torch.inference_mode():
                table.put(some, embed(self._read_images(some)).float())

    def _open_table(self, block: str) -> FeatureTable:
        return self._tables.open(block, self._find_network(block))

    def _find_network(self, block: str) -> FrozenNetwork:
        (name,) = list_networks([block])
        return self.backbones[name]

    def _find_rows(self, part: slice) -> Rows:
        return self.examples.rows[self.indices[part]]

    def _extract(self, block: str, images: torch.Tensor) -> torch.Tensor:
        examples = self.examples
        if block not in self._extractors:
            extractor = Extractor([block], examples.describe_look(), self.backbones)
            self._extractors[block] = extractor.eval().to(examples.device)
        with torch.inference_mode():
            size = NETWORK_BATCH if is_of_network(block) else len(images)
            normalized = normalize(images, examples.mean, examples.std)
            found = [self._extractors[block](some)[0].float() for some in torch.split(normalized, size)]
        return torch.cat(found).clone()

    def _load(self, view: int, part: slice) -> torch.Tensor:
        """Return one view of the images of a part, in [0, 1]; kept for the next block while there is room."""
        key = (view, part.start, part.stop)
        if key in self._images:
            return self._images[key]
        images = self._read_images(self._find_rows(part))
        if view and self._views is not None:
            images = self._views(images, view)
        if self._kept_bytes + images.nbytes <= KEPT_BYTES:
            self._images[key] = images
            self._kept_bytes += images.nbytes
        return images

    def _read_images(self, rows: Rows) -> torch.Tensor:
        """Return images as they are, in [0, 1]."""
        at = torch.from_numpy(rows).to(self.examples.images.device)
        return to_float(self.examples.images[at].to(self.examples.device))
