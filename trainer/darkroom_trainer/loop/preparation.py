"""From datasets to tensors: what a training or an evaluation needs before it can compute.

Owns where pixels live. Must not train or score.
"""

import pathlib
import warnings
from typing import Final

import numpy as np
import numpy.typing as npt
import torch

from darkroom_predict import predictions
from darkroom_predict.description import Preprocessing
from darkroom_trainer.data.decoded import decode_images
from darkroom_trainer.data.records.dataset import LoadedDataset
from darkroom_trainer.loop import training_loop
from darkroom_trainer.loop.recipe import Recipe
from darkroom_trainer.networks import backbones, detection_transformer
from darkroom_trainer.runtime import reporting
from darkroom_trainer.runtime.device import Device
from darkroom_trainer.tasks import base

MAX_COPIED_BYTES: Final = 4 << 30
"""Decoded images up to this size are copied into memory; larger sets stay on disk, mapped."""
MAX_GPU_SHARE: Final = 0.25


def build_preprocessing(recipe: Recipe, size_px: int) -> Preprocessing:
    """Return how images become what a run trains on: at a size, in the colours of the recipe that it starts from."""
    if recipe.network:
        return Preprocessing(size_px, detection_transformer.MEAN, detection_transformer.DEVIATION)
    return Preprocessing(size_px, *backbones.read_preprocessing(recipe.backbone))


def build_data(
    dataset: LoadedDataset,
    rows: predictions.Integers,
    task: base.LearningTask,
    preprocessing: Preprocessing,
    device: Device,
    work: pathlib.Path,
    reporter: reporting.Reporter,
) -> training_loop.TrainingData:
    """Return all images of `dataset`, decoded, with their targets; only `rows` count."""
    pixels = decode_images(dataset, preprocessing.image_size_px, work, reporter)
    images = place_images(pixels, device)
    return training_loop.TrainingData(
        images=images,
        targets=task.build_targets(dataset.examples, rows),
        rows=rows,
        mean=as_planes(preprocessing.mean, device),
        std=as_planes(preprocessing.deviation, device),
        images_file=find_file(pixels),
        is_mapped=images.data_ptr() == pixels.ctypes.data,
    )


def build_unlabelled(
    pixels: npt.NDArray[np.uint8], preprocessing: Preprocessing, device: Device
) -> training_loop.TrainingData:
    """Return decoded images (N, S, S, 3) without targets, for prediction alone."""
    mean, std = as_planes(preprocessing.mean, device), as_planes(preprocessing.deviation, device)
    return training_loop.TrainingData(place_images(pixels, device), {}, np.arange(len(pixels)), mean, std)


def place_images(
    pixels: npt.NDArray[np.uint8], device: Device, max_copied_bytes: int = MAX_COPIED_BYTES
) -> torch.Tensor:
    """Return the pixels as a tensor: on the GPU where they take little of it, else in memory, else on disk."""
    if device.is_gpu and pixels.nbytes <= MAX_GPU_SHARE * torch.cuda.mem_get_info(device.torch_device)[0]:
        return torch.from_numpy(np.array(pixels)).to(device.torch_device)
    if pixels.nbytes <= max_copied_bytes:
        return torch.from_numpy(np.array(pixels))
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*not writable.*")
        return torch.from_numpy(pixels)


def find_file(pixels: npt.NDArray[np.uint8]) -> pathlib.Path | None:
    """Return the file that an array is mapped from; None for one that is only in memory."""
    name = pixels.filename if isinstance(pixels, np.memmap) else None
    return None if name is None else pathlib.Path(str(name))


def write_images(images: torch.Tensor, file: pathlib.Path) -> pathlib.Path:
    """Return the .npy file for `map_images`, written from the images where it is not there yet."""
    if not file.exists():
        np.save(file, images.cpu().numpy())
    return file


def map_images(file: pathlib.Path, device: Device) -> torch.Tensor:
    """Return the images of a .npy file for a further process: all processes share the file's pages in memory."""
    return place_images(np.load(file, mmap_mode="r"), device, max_copied_bytes=0)


def as_planes(values: tuple[float, ...], device: Device) -> torch.Tensor:
    """Return one number for each colour as (3, 1, 1), on the device."""
    return torch.tensor(values, device=device.torch_device)[:, None, None]
