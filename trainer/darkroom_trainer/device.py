"""The hardware that a run has: device, number of threads, precision.

Owns what torch is told about the machine. Must not know tasks or budgets.
"""

import math
import os
import pathlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

import torch

CGROUP_ROOT: Final = pathlib.Path("/sys/fs/cgroup")


@dataclass(frozen=True)
class Device:
    """Where tensors live; mixed precision on a GPU, float32 elsewhere."""

    place: torch.device
    threads: int

    @property
    def is_gpu(self) -> bool:
        """Return whether this is an accelerator."""
        return self.place.type == "cuda"

    @property
    def description(self) -> str:
        """Return the hardware in words, for logs and metrics.json."""
        return torch.cuda.get_device_name(self.place) if self.is_gpu else f"cpu with {self.threads} threads"

    @contextmanager
    def mixed_precision(self) -> Iterator[None]:
        """Compute in bfloat16 where the hardware gains from it."""
        with torch.autocast(self.place.type, dtype=torch.bfloat16, enabled=self.is_gpu):
            yield


def prepare_device() -> Device:
    """Choose the device and set torch's threads to the CPU time that this container may use."""
    threads = count_threads(len(os.sched_getaffinity(0)), read_cpu_quota())
    torch.set_num_threads(threads)
    place = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if place.type == "cuda":
        torch.backends.cudnn.benchmark = True
        torch.backends.cuda.matmul.allow_tf32 = True
    return Device(place, threads)


def count_threads(cpus: int, quota_cpus: float | None) -> int:
    """Return how many threads to compute with: the CPUs of the quota, rounded up, else all that are visible."""
    return cpus if quota_cpus is None else max(1, min(cpus, math.ceil(quota_cpus)))


def read_cpu_quota(root: pathlib.Path = CGROUP_ROOT) -> float | None:
    """Return the CPUs that this container's cgroup (version 2 or 1) may use; None without a limit."""
    try:
        quota, period = (root / "cpu.max").read_text().split()
    except (OSError, ValueError):
        try:
            quota = (root / "cpu" / "cpu.cfs_quota_us").read_text().strip()
            period = (root / "cpu" / "cpu.cfs_period_us").read_text().strip()
        except OSError:
            return None
    return None if quota in ("max", "-1") else int(quota) / int(period)
