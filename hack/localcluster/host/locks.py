"""One command at a time on the same part of the state; a second one waits for the first."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager

from hack.localcluster.state import State


@contextmanager
def locked(state: State, name: str) -> Iterator[None]:
    state.root.mkdir(parents=True, exist_ok=True)
    with (state.root / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
