"""What the C library's heap keeps of memory that was freed.

The threads that open models each have a heap of their own, and after some tens of models these hold twice as much as
the models that are left. Must not know models.
"""

import ctypes
from typing import Final

_TRIM: Final = getattr(ctypes.CDLL(None), "malloc_trim", None)
"""glibc's; other C libraries have none."""


def give_back() -> None:
    """Give what is free back to the operating system."""
    if _TRIM is not None:
        _TRIM(0)
