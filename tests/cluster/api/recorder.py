"""A watcher in a thread: keeps every change of a kind that the API server reports, in order.

Must not change anything on the cluster.
"""

import contextlib
import threading
import time
from collections import Counter
from collections.abc import Iterator
from typing import Final

from tests.cluster.api.connection import Change, Connection, Manifest

SETTLE_SECONDS: Final = 0.5
"""How long the last changes may take from the server to here."""


class Recorder:
    """The changes that a watch has reported so far."""

    def __init__(self) -> None:
        self.changes: list[Change] = []

    def states_of(self, name: str) -> list[Manifest]:
        """Return every version of one object, in order."""
        return [change.object for change in self.changes if change.object["metadata"]["name"] == name]

    def phases_of(self, name: str) -> list[str]:
        """Return the phases that an object went through, each once for as long as it lasted."""
        phases: list[str] = []
        for state in self.states_of(name):
            phase = (state.get("status") or {}).get("phase")
            if phase and (not phases or phases[-1] != phase):
                phases.append(phase)
        return phases

    def reasons_of(self, name: str) -> set[str]:
        """Return every reason that an object carried."""
        return {(state.get("status") or {}).get("reason", "") for state in self.states_of(name)} - {""}

    def added(self, selector: str) -> Counter[str]:
        """Return how often an object was created, by name, of those whose name starts with `selector`."""
        names = (change.object["metadata"]["name"] for change in self.changes if change.type == "ADDED")
        return Counter(name for name in names if name.startswith(selector))


@contextlib.contextmanager
def record(connection: Connection, kind: str, namespace: str) -> Iterator[Recorder]:
    """Record the changes of a kind in a namespace for as long as the block lasts; none from before is reported."""
    recorder = Recorder()
    with connection.watch(kind, namespace) as changes:
        threading.Thread(target=_collect, args=(changes, recorder), daemon=True).start()
        yield recorder
        time.sleep(SETTLE_SECONDS)


def _collect(changes: Iterator[Change], recorder: Recorder) -> None:
    for change in changes:
        recorder.changes.append(change)
