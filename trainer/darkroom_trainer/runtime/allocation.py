"""How the C library hands out memory to a training.

Owns the settings of its allocator. Must not decide how much memory is used.
"""

import ctypes
from typing import Final

MIB: Final = 1 << 20
SETTINGS: Final = {-1: 1024 * MIB, -2: 64 * MIB, -3: 32 * MIB}
"""By the numbers of glibc's malloc.h: M_TRIM_THRESHOLD (so much may lie free), M_TOP_PAD (asked for at a time), and
M_MMAP_THRESHOLD (larger blocks come from the kernel; 32 MiB is the most that it takes)."""


def keep_freed_memory() -> bool:
    """Have what one step frees used by the next; returns False where the C library has no such settings.

    Without it, glibc gives the memory of a step's images and activations back to the kernel, and the next step waits
    until thousands of pages have been filled with zeros again.
    """
    set_option = getattr(ctypes.CDLL(None), "mallopt", None)
    return set_option is not None and all([set_option(name, value) == 1 for name, value in SETTINGS.items()])
