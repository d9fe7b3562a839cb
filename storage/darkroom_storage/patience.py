"""How long a run puts up with storage that does not answer, and what it says at the end of its patience.

Must not do: know any storage.
"""

import time
from collections.abc import Callable
from typing import Final, TypeVar

from darkroom_storage.errors import StorageRefused, StorageUnreachable

PATIENCE_SECONDS: Final = 20.0
"""How long one call is tried again within a run; a longer outage ends the attempt, which the operator repeats."""

Result = TypeVar("Result")


def retry_storage(
    action: Callable[[], Result],
    patience_seconds: float = PATIENCE_SECONDS,
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> Result:
    """Return what `action` does, tried again with doubling pauses while storage is unreachable or refuses.

    A refusal is tried again too: a Secret or a policy may be on its way. The last StorageError is raised.
    """
    end = clock() + patience_seconds
    pause = 0.5
    while True:
        try:
            return action()
        except (StorageUnreachable, StorageRefused):
            if clock() + pause > end:
                raise
        sleep(pause)
        pause = min(pause * 2, 8.0)
