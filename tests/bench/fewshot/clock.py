"""The clock that every method's budget is counted on: CPU seconds of the process, for each of its threads.

Other programs on a shared machine slow all of wall time down, and never the same for two methods; what a process itself
computes is the same compute for all. A method that keeps both threads busy has its budget in about as many seconds on
the wall; one that leaves a thread idle gets longer.
"""

import os
import time
from typing import Final

THREADS: Final = 2


def build_environment() -> dict[str, str]:
    """Return the environment of a process whose torch uses THREADS threads, which sleep while they wait.

    OpenBLAS, below scikit-learn, gets one: on small matrices its threads do nothing but wait, and burn time at that.
    """
    threads = {name: str(THREADS) for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS")}
    return {**os.environ, **threads, "OMP_WAIT_POLICY": "PASSIVE", "OPENBLAS_NUM_THREADS": "1"}


def read_clock() -> float:
    """Return the CPU seconds of this process so far, by THREADS."""
    return time.process_time() / THREADS
