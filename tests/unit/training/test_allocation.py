"""That the memory of one step is there for the next."""

import subprocess
import sys

import pytest

from darkroom_trainer.runtime.allocation import keep_freed_memory

COUNT_FAULTS = """
import resource, sys
import numpy as np
from darkroom_trainer.runtime.allocation import keep_freed_memory

def step():
    blocks = [np.ones((4, 1 << 20), dtype=np.uint8) for _ in range(24)]

if sys.argv[1] == "kept":
    assert keep_freed_memory()
step()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(10):
    step()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def count_faults(how: str) -> int:
    done = subprocess.run([sys.executable, "-c", COUNT_FAULTS, how], check=True, capture_output=True, text=True)
    return int(done.stdout)


@pytest.mark.skipif(not keep_freed_memory(), reason="another C library than glibc")
def test_the_next_step_asks_the_kernel_for_no_page_that_the_last_one_freed() -> None:
    assert count_faults("kept") < 100 < 10_000 < count_faults("freed")
