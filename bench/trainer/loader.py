"""The loop beside a torchvision DataLoader that reads the same files. Owns what that loader does to them."""

import pathlib
import tempfile
from collections.abc import Iterator
from typing import Any, Final

import torch
from torch.utils.data import DataLoader
from torchvision import datasets, transforms

from bench.trainer import arms as arms_of, sets as sets
from darkroom_trainer.features import normalization
from darkroom_trainer.loop import training_loop
from darkroom_trainer.runtime import device as devices

LOADER_PROCESSES: Final = 2


def measure_loader(folder: str, backbone: str, size_px: int, batch_size: int, rounds: int) -> dict[str, Any]:
    """Return images a second of our training on files, and of a torchvision DataLoader's, after the first epoch."""
    device = devices.prepare_device()
    recipe = sets.build_recipe(backbone, size_px, batch_size)
    root = pathlib.Path(folder)
    with tempfile.TemporaryDirectory() as work:
        data, _ = sets.load_files(root, size_px, pathlib.Path(work), device)
        ours, theirs = sets.build_learner(data, recipe, device), sets.build_learner(data, recipe, device)
        batches = iterate_epochs(build_loader(root, size_px, batch_size))
        arms: dict[str, arms_of.Steps] = {
            "loop": lambda count: arms_of.run_loop(ours, count),
            "loader": lambda count: arms_of.run_batches(theirs, batches, count),
            "loop, input alone": lambda count: feed_alone(ours, count),
            "loader, input alone": lambda count: feed_loader(batches, count),
        }
        for _ in range(len(data.rows) // batch_size):  # the first epoch, which finds the files not yet in memory
            next(batches)
        return arms_of.compare(arms, batch_size, rounds, device)


def feed_alone(learner: training_loop.Learner, steps: int) -> None:
    """Gather, vary and normalize batches without learning from them."""
    for _ in range(steps):
        normalization.normalize_in_place(learner._load_batch().images, learner.data.mean, learner.data.std)
        learner.step += 1


def feed_loader(batches: Iterator[tuple[torch.Tensor, torch.Tensor]], steps: int) -> None:
    """Take batches from the DataLoader without learning from them."""
    for _ in range(steps):
        next(batches)


def build_loader(root: pathlib.Path, size_px: int, batch_size: int) -> Any:
    """Return what torchvision's references train with: decode, crop, mirror, colours, normalize, in processes."""
    varied = transforms.Compose(
        [
            transforms.RandomResizedCrop(size_px, scale=(0.6, 1.0)),
            transforms.RandomHorizontalFlip(),
            transforms.ColorJitter(brightness=0.2, contrast=0.2),
            transforms.ToTensor(),
            transforms.Normalize(sets.MEAN, sets.DEVIATION),
        ]
    )
    files = datasets.ImageFolder(str(root), varied)
    return DataLoader(
        files, batch_size, shuffle=True, drop_last=True, num_workers=LOADER_PROCESSES, persistent_workers=True
    )


def iterate_epochs(loader: Any) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """Yield batches of one epoch after another."""
    while True:
        yield from loader
