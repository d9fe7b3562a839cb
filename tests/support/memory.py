"""How much memory a call takes."""

import tracemalloc
from collections.abc import Callable


def measure_peak_bytes(call: Callable[[], object]) -> int:
    """Return the most that Python held for a call, of three: threads of earlier tests may allocate beside one."""
    return min(_measure_once(call) for _ in range(3))


def _measure_once(call: Callable[[], object]) -> int:
    tracemalloc.start()
    try:
        call()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
