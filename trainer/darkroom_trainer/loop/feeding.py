"""The raw rows of each step: which ones, their numbers for variations, and where they are gathered.

Owns the order of the data, and gathering ahead in a thread where it means waiting: for a disk, or for the bus to a GPU.
What a step gets depends on seed, step and data alone, so ahead or not, and after any resume, it is the same. Must not
vary images.
"""

import functools
import pathlib
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np
import torch

from darkroom_trainer.augmentation import transforms
from darkroom_trainer.runtime import device as devices
from darkroom_trainer.tasks import base, mixing

Rows = np.typing.NDArray[np.int64]


@dataclass(frozen=True)
class TrainingData:
    """All decoded images (N, S, S, 3) uint8 with targets; `rows` are those that are trained on."""

    images: torch.Tensor
    targets: base.Targets
    rows: Rows
    mean: torch.Tensor
    std: torch.Tensor
    images_file: pathlib.Path | None = None
    """The .npy file that `images` were read from, for the processes of further devices to map."""
    is_mapped: bool = False
    """Whether the images lie on disk, so that a row may have to be waited for."""


@dataclass(frozen=True, eq=False)
class Feed:
    """What one device takes of a step: every `size`-th row from `rank` on, and `others` further images for each."""

    data: TrainingData
    seed: int
    step: int
    batch_size: int
    rank: int
    size: int
    draws: int
    others: int
    size_px: int
    """The side of the images; larger ones are shrunk before they are varied."""

    def is_same(self, feed: "Feed") -> bool:
        """Return whether both gather the same."""
        return self.data is feed.data and self._numbers == feed._numbers

    @property
    def _numbers(self) -> tuple[int, ...]:
        return self.seed, self.step, self.batch_size, self.rank, self.size, self.draws, self.others, self.size_px


@dataclass(frozen=True)
class Gathered:
    """Images (B, S, S, 3) uint8 with targets and draws (B, K), on the device; further images image by image."""

    images: torch.Tensor
    targets: base.Targets
    draws: torch.Tensor
    other_images: torch.Tensor | None = None
    other_targets: base.Targets | None = None


class Feeder:
    """Gathers what a step takes; the next step's meanwhile, where that helps."""

    def __init__(self, device: devices.Device) -> None:
        self._device = device
        self._pool: ThreadPoolExecutor | None = None
        self._pending: tuple[Feed, Future[Gathered]] | None = None

    def take(self, feed: Feed) -> Gathered:
        """Return the rows of a step, and begin with those of the one after it."""
        if not self._is_slow(feed.data):
            return gather(feed, self._device)
        pending, self._pending = self._pending, None
        is_ready = pending is not None and pending[0].is_same(feed)
        gathered = pending[1].result() if pending is not None and is_ready else gather(feed, self._device)
        if self._pool is None:
            self._pool = ThreadPoolExecutor(1, thread_name_prefix="feed")
        following = replace(feed, step=feed.step + 1)
        self._pending = following, self._pool.submit(gather, following, self._device)
        return gathered

    def _is_slow(self, data: TrainingData) -> bool:
        return data.is_mapped or data.images.device.type != self._device.torch_device.type


def gather(feed: Feed, device: devices.Device) -> Gathered:
    """Return the rows of a step on the device."""
    epochs, rows = find_slice(feed)
    draws = transforms.draw_uniforms(feed.seed, epochs, rows, feed.draws + feed.others)
    gathered = Gathered(*_gather_rows(feed, rows, device), _send(draws[:, : feed.draws], device))
    if not feed.others:
        return gathered
    others = mixing.choose_others(draws[:, feed.draws :], feed.data.rows)
    images, targets = _gather_rows(feed, others, device)
    return replace(gathered, other_images=images, other_targets=targets)


def gather_variation(feed: Feed, view: int, row: int, device: devices.Device) -> Gathered:
    """Return one row, with the draws of one of its variations: those of the epoch of that number."""
    epochs, rows = np.array([view]), np.array([row])
    draws = transforms.draw_uniforms(feed.seed, epochs, rows, feed.draws)
    return Gathered(*_gather_rows(feed, rows, device), _send(draws, device))


def find_slice(feed: Feed) -> tuple[Rows, Rows]:
    """Return the epochs and rows of a step that one device takes."""
    epochs, rows = find_batch(feed.seed, feed.step, feed.batch_size, feed.data.rows)
    return epochs[feed.rank :: feed.size], rows[feed.rank :: feed.size]


def _gather_rows(feed: Feed, rows: Rows, device: devices.Device) -> tuple[torch.Tensor, base.Targets]:
    at, data = torch.from_numpy(rows), feed.data
    images = data.images.index_select(0, _send(at, device) if data.images.is_cuda else at)
    images = transforms.shrink(images, feed.size_px)
    targets = {name: _send(values[at.to(values.device)], device) for name, values in data.targets.items()}
    return _send(images, device), targets


def _send(values: torch.Tensor, device: devices.Device) -> torch.Tensor:
    """Return the values on the device; from pinned memory, so that nobody waits for the bus."""
    if not device.is_gpu or values.is_cuda:
        return values
    return values.pin_memory().to(device.torch_device, non_blocking=True)


def find_batch(seed: int, step: int, batch_size: int, rows: Rows) -> tuple[Rows, Rows]:
    """Return the epochs (B,) and rows (B,) of a step: the rows in a new random order each epoch, end to end."""
    places = np.arange(step * batch_size, (step + 1) * batch_size)
    epochs = places // len(rows)
    chosen = np.empty(batch_size, dtype=np.int64)
    for epoch in range(int(epochs[0]), int(epochs[-1]) + 1):
        is_in = epochs == epoch
        chosen[is_in] = rows[_shuffle(seed, epoch, len(rows))[places[is_in] % len(rows)]]
    return epochs, chosen


@functools.lru_cache(maxsize=4)
def _shuffle(seed: int, epoch: int, count: int) -> Rows:
    return np.random.Generator(np.random.Philox(key=[seed, epoch])).permutation(count)
