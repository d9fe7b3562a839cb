"""The hardware that a run has: device, number of threads, precision.

Owns torch's settings for the machine. Must not know tasks or budgets.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch

from darkroom_api.conditions import Reason
from darkroom_trainer.runtime import cpus
from darkroom_trainer.runtime.errors import RunError


@dataclass(frozen=True)
class Device:
    """Where tensors live; mixed precision on a GPU, float32 elsewhere."""

    torch_device: torch.device
    threads: int
    count: int = 1
    """Devices that the run has; this is one of them."""

    @property
    def is_gpu(self) -> bool:
        """Return whether this is an accelerator."""
        return self.torch_device.type == "cuda"

    @property
    def description(self) -> str:
        """Return the hardware in words, for logs and metrics.json."""
        name = torch.cuda.get_device_name(self.torch_device) if self.is_gpu else f"cpu with {self.threads} threads"
        return name if self.count == 1 else f"{self.count} x {name}"

    @contextmanager
    def mixed_precision(self) -> Iterator[None]:
        """Compute in bfloat16 where the hardware gains from it."""
        with torch.autocast(self.torch_device.type, dtype=torch.bfloat16, enabled=self.is_gpu):
            yield


def prepare_device(count: int = 1, rank: int = 0) -> Device:
    """Choose device `rank` of `count` and set torch's threads to its part of the CPU time of this container.

    Raises RunError(InvalidConfiguration) where there are fewer GPUs than asked for; without any, devices are processes.
    """
    threads = max(1, cpus.find_threads() // count)
    torch.set_num_threads(threads)
    if not torch.cuda.is_available():
        return Device(torch.device("cpu"), threads, count)
    check_device_count(count, torch.cuda.device_count())
    torch.backends.cudnn.benchmark = True
    torch.backends.cuda.matmul.allow_tf32 = True
    if count == 1:
        return Device(torch.device("cuda"), threads)
    torch.cuda.set_device(rank)
    return Device(torch.device("cuda", rank), threads, count)


def check_device_count(wanted: int, present: int) -> None:
    """Raise RunError(InvalidConfiguration) where there are fewer GPUs than the run should use."""
    if wanted > present:
        message = f"compute.devices: {wanted} are asked for, and this container sees {present}"
        raise RunError(Reason.INVALID_CONFIGURATION, message)
