"""What a training does when its memory does not hold a batch: half of it, down to one image.

Owns which exceptions mean that, and the words for a run that cannot continue. Must not catch anything.
"""

import dataclasses
import logging
import math
import pathlib
from typing import Final

import torch

from darkroom_api.conditions import Reason
from darkroom_trainer.loop.recipe import Recipe
from darkroom_trainer.runtime.cpus import CGROUP_ROOT
from darkroom_trainer.runtime.device import Device
from darkroom_trainer.runtime.errors import RunError

LOG = logging.getLogger(__name__)

SIGNS: Final = ("out of memory", "can't allocate memory", "not enough memory", "alloc_failed")
"""What torch and the libraries below it say in a RuntimeError."""
GIB: Final = 1 << 30


def is_out_of_memory(error: Exception) -> bool:
    """Return whether an exception means that memory was asked for and not there."""
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    return isinstance(error, RuntimeError) and any(sign in str(error).lower() for sign in SIGNS)


def recover(error: Exception, recipe: Recipe, device: Device) -> Recipe:
    """Return the recipe to continue with; raises `error` if it is another one, RunError(OutOfMemory) at one image."""
    if not is_out_of_memory(error):
        raise error
    if recipe.batch_size == 1:
        raise explain(recipe, device) from error
    if device.is_gpu:
        torch.cuda.empty_cache()
    smaller = shrink_batch(recipe, 2)
    LOG.warning("out of memory; going on with batches of %d images", smaller.batch_size)
    return smaller


def shrink_batch(recipe: Recipe, divisor: int) -> Recipe:
    """Return the recipe with its batch divided, at least one image, and the learning rate that goes with it."""
    batch_size = max(1, recipe.batch_size // divisor)
    rate = recipe.peak_learning_rate * math.sqrt(batch_size / recipe.batch_size)
    return dataclasses.replace(recipe, batch_size=batch_size, peak_learning_rate=rate)


def explain(recipe: Recipe, device: Device) -> RunError:
    """Return the end of a run whose memory does not hold a step on one image."""
    what = f"a step on one image of {recipe.image_size_px} px ({recipe.backbone})"
    if device.is_gpu:
        total = torch.cuda.get_device_properties(device.torch_device).total_memory
        message = f"{what} does not fit into the device's {total / GIB:.0f} GiB; choose a class of larger devices"
        return RunError(Reason.OUT_OF_MEMORY, message)
    limit = read_memory_limit()
    advice = f"give it at least {math.ceil(2 * limit / GIB)}Gi (it has {limit / GIB:.1f} GiB)" if limit else "give more"
    return RunError(Reason.OUT_OF_MEMORY, f"{what} does not fit into memory; computeClasses.<class>.memory: {advice}")


def read_memory_limit(root: pathlib.Path = CGROUP_ROOT) -> int | None:
    """Return the bytes that this container's cgroup (version 2 or 1) may use; None without a limit."""
    for path in (root / "memory.max", root / "memory" / "memory.limit_in_bytes"):
        try:
            limit = int(path.read_text())
        except (OSError, ValueError):
            continue
        return limit if limit < 1 << 60 else None
    return None
