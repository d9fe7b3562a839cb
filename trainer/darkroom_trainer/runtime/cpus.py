"""The CPU time that this container has. Must not import torch: a run without it computes with threads as well."""

import math
import os
import pathlib
from typing import Final

CGROUP_ROOT: Final = pathlib.Path("/sys/fs/cgroup")


def find_threads() -> int:
    """Return how many threads this process should compute with."""
    return count_threads(len(os.sched_getaffinity(0)), read_cpu_quota())


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
