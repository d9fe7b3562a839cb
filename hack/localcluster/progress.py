"""What the user sees: one line per step with its seconds, and the one exception that ends a command with a reason.

Owns no state of the cluster and must not start or stop anything.
"""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager


class Refused(Exception):
    """The command will not go on; the message says why and what to do."""


class Unsupported(Refused):
    """No local cluster can run on this machine at all."""


def say(text: str) -> None:
    print(text, flush=True)


@contextmanager
def step(name: str) -> Iterator[None]:
    started = time.monotonic()
    try:
        yield
    except BaseException:
        print(f"{name}: failed after {time.monotonic() - started:.1f} s", file=sys.stderr, flush=True)
        raise
    say(f"{name}: {time.monotonic() - started:.1f} s")
