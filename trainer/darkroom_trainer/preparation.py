"""From datasets to tensors: what a training or an evaluation needs before it can compute.

Owns where pixels live. Must not train or score.
"""

import pathlib
import warnings
from typing import Final

import numpy as np
import numpy.typing as npt
import torch

from darkroom_trainer import loop, reporting
from darkroom_trainer.data.dataset import LoadedDataset
from darkroom_trainer.data.decoded import decode_images
from darkroom_trainer.device import Device
from darkroom_trainer.export.description import Preprocessing
from darkroom_trainer.tasks import base, predictions

MAX_COPIED_BYTES: Final = 4 << 30
"""Decoded images up to this size are copied into memory; larger sets stay on disk, mapped."""
MAX_GPU_SHARE: Final = 0.25


def build_data(
    dataset: LoadedDataset,
    rows: predictions.Integers,
    task: base.LearningTask,
    preprocessing: Preprocessing,
    device: Device,
    work: pathlib.Path,
    reporter: reporting.Reporter,
) -> loop.TrainingData:
    """Return all images of `dataset`, decoded, with their targets; only `rows` count."""
    pixels = decode_images(dataset, preprocessing.image_size_px, work, reporter)
    return loop.TrainingData(
        images=place_images(pixels, device),
        targets=task.build_targets(dataset.examples, rows),
        rows=rows,
        mean=_as_planes(preprocessing.mean, device),
        deviation=_as_planes(preprocessing.deviation, device),
    )


def build_unlabelled(pixels: npt.NDArray[np.uint8], preprocessing: Preprocessing, device: Device) -> loop.TrainingData:
    """Return decoded images (N, S, S, 3) without targets, for prediction alone."""
    mean, deviation = _as_planes(preprocessing.mean, device), _as_planes(preprocessing.deviation, device)
    return loop.TrainingData(place_images(pixels, device), {}, np.arange(len(pixels)), mean, deviation)


def place_images(pixels: npt.NDArray[np.uint8], device: Device) -> torch.Tensor:
    """Return the pixels as a tensor: on the GPU where they take little of it, else in memory, else on disk."""
    if device.is_gpu and pixels.nbytes <= MAX_GPU_SHARE * torch.cuda.mem_get_info(device.place)[0]:
        return torch.from_numpy(np.array(pixels)).to(device.place)
    if pixels.nbytes <= MAX_COPIED_BYTES:
        return torch.from_numpy(np.array(pixels))
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*not writable.*")
        return torch.from_numpy(pixels)


def _as_planes(values: tuple[float, ...], device: Device) -> torch.Tensor:
    return torch.tensor(values, device=device.place)[:, None, None]
