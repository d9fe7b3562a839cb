"""Python's garbage collector beside a training.

Owns what it may leave out. Must not turn it off: a run that goes on for days makes cycles.
"""

import contextlib
import gc
from collections.abc import Iterator


@contextlib.contextmanager
def leave_out_loaded() -> Iterator[None]:
    """Keep what is loaded by now out of collections inside the block.

    torch and what it brings are hundreds of thousands of objects, and a collection that looks through all of them stops
    a step or an export for some tenths of a second, to find nothing:
    `python -m timeit -n 3 -s 'import gc, darkroom_trainer.commands.training' 'gc.collect()'`.
    """
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()
