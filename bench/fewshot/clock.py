"""The clock that every method's budget is counted on: CPU seconds of its process, CORES of them to a second.

Other programs on a shared machine slow all of wall time down, and never the same for two methods; what a process itself
computes is the same compute for all. Each process computes with one thread, so that as many cells as there are cores
run side by side, and none waits for a thread of its own.
"""

import os
import time
from typing import Final

from bench.trainer import image_settings

CORES: Final = 2
"""A second of budget is what a machine with so many cores computes in one."""


def build_environment() -> dict[str, str]:
    """Return the environment of a process that computes with one thread, and allocates as in the trainer's image."""
    threads = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
    return {**os.environ, **image_settings.read_allocator_settings(), **dict.fromkeys(threads, "1")}


def read_clock() -> float:
    """Return the CPU seconds of this process so far, by CORES."""
    return time.process_time() / CORES
