"""The features of a dataset's images by frozen networks, computed once and kept in files.

Owns the files below one folder, one for each network and size of image; a row that is not computed yet is not a
number. A folder that cannot be written is no failure: the features are then kept in memory. Must not compute features.
"""

import hashlib
import logging
import pathlib
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from darkroom_trainer.networks.frozen_networks import FrozenNetwork

LOG = logging.getLogger(__name__)

Table = npt.NDArray[np.float32]
Rows = npt.NDArray[np.int64]


@dataclass(frozen=True)
class FeatureTable:
    """Features (N, D) of all images of a dataset; rows of NaN are missing."""

    values: Table

    def find_missing(self, rows: Rows) -> Rows:
        """Return those of the rows that are not there; a row that was cut short in the middle is not there."""
        return rows[np.isnan(self.values[rows]).any(axis=1)]

    def put(self, rows: Rows, features: torch.Tensor) -> None:
        """Keep the features (K, D) of the rows."""
        self.values[rows] = features.cpu().numpy()

    def take(self, rows: Rows) -> torch.Tensor:
        """Return the features (K, D) of the rows."""
        return torch.from_numpy(self.values[rows])


class FeatureTables:
    """The tables of one dataset's images, below `folder` (None keeps them in memory); `dataset` names its content."""

    def __init__(self, images: int, folder: pathlib.Path | None = None, dataset: str = "") -> None:
        self._images = images
        self._folder = folder
        self._dataset = dataset
        self._opened: dict[str, FeatureTable] = {}

    def open(self, name: str, network: FrozenNetwork) -> FeatureTable:
        """Return the table of a network, with what is known from before."""
        if name not in self._opened:
            self._opened[name] = FeatureTable(self._open_values(network))
        return self._opened[name]

    def _open_values(self, network: FrozenNetwork) -> Table:
        shape = (self._images, network.width)
        if self._folder is None:
            return build_unknown(shape)
        try:
            return open_file(self._folder / f"{self._dataset}-{name_network(network)}.npy", shape)
        except OSError as error:
            LOG.warning("features are kept in memory, since %s cannot be written: %s", self._folder, error.strerror)
            return build_unknown(shape)


def open_file(path: pathlib.Path, shape: tuple[int, int]) -> Table:
    """Return the table of a file, mapped, made anew where it is not there or not whole; raises OSError."""
    found = _map_file(path) if path.exists() else None
    if found is not None and found.shape == shape:
        return found
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part.npy")
    # Written, not mapped: a full disk is then an OSError here, and no signal later.
    np.save(part, build_unknown(shape))
    part.replace(path)
    made = _map_file(path)
    assert made is not None, "it was just written"
    return made


def _map_file(path: pathlib.Path) -> Table | None:
    try:
        np.load(path, mmap_mode="r")  # to write to, a file that is cut short would be filled with zeros
        table: Table = np.load(path, mmap_mode="r+")
    except (ValueError, EOFError):
        return None
    return table


def build_unknown(shape: tuple[int, int]) -> Table:
    """Return a table without any features."""
    return np.full(shape, np.nan, dtype=np.float32)


def name_network(network: FrozenNetwork) -> str:
    """Return a name that changes with the network's tensors and with how it sees images."""
    digest = hashlib.sha256(f"{network.look}\0{network.source_px}".encode())
    for name, tensor in network.net.state_dict().items():
        digest.update(name.encode())
        digest.update(tensor.detach().cpu().contiguous().numpy())
    return digest.hexdigest()[:24]
