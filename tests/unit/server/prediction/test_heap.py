"""The heap: what was freed between things that stay goes back to the system."""

import ctypes
import pathlib

from darkroom_server.prediction.heap import give_back

BLOCK_BYTES = 8192
NUM_BLOCKS = 10_000


def _read_memory_mib() -> float:
    fields = pathlib.Path("/proc/self/status").read_text().split("VmRSS:")[1].split()
    return int(fields[0]) / 1024


def test_memory_freed_between_blocks_that_stay_is_given_back() -> None:
    libc = ctypes.CDLL(None)
    libc.malloc.restype, libc.free.argtypes = ctypes.c_void_p, [ctypes.c_void_p]
    blocks = [libc.malloc(BLOCK_BYTES) for _ in range(NUM_BLOCKS)]
    for block in blocks:
        ctypes.memset(block, 1, BLOCK_BYTES)
    filled = _read_memory_mib()
    for number, block in enumerate(blocks):
        if number % 10:
            libc.free(block)
    assert filled - _read_memory_mib() < 10
    give_back()
    assert filled - _read_memory_mib() > 30
    for block in blocks[::10]:
        libc.free(block)
