"""Work on many things at once by threads, with the results in order. Must not do: know what the work is."""

import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Final, TypeVar

WORKERS: Final = 16
_WINDOW: Final = WORKERS * 4

Item = TypeVar("Item")
Made = TypeVar("Made")


def map_in_order(
    use: Callable[[int, Item], Made], items: Iterable[Item], name: str, stop: threading.Event
) -> Iterator[Made]:
    """Yield what `use` makes of each item and its place, in order; memory holds a few dozen at most.

    `stop` is set at the end, so that work that waits for it ends. Raises what `use` does.
    """
    pool = ThreadPoolExecutor(WORKERS, thread_name_prefix=name)
    pending: deque[Future[Made]] = deque()
    try:
        for place, item in enumerate(items):
            pending.append(pool.submit(use, place, item))
            if len(pending) >= _WINDOW:
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()
    finally:
        stop.set()
        pool.shutdown(cancel_futures=True)
