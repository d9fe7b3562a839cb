"""Who may write for a run: each process takes an epoch below the run's folder, and the newest one is right.

Owns the claims' names and order. An epoch is the attempt's number and a turn within it, so that a late start of an old
attempt never comes before a newer attempt, and a second process of one attempt replaces the first. Must not know what
is written under an epoch.
"""

import logging
import uuid
from typing import Final

from darkroom_storage.errors import PreconditionFailed
from darkroom_storage.objects import Storage, join_uri
from darkroom_trainer.runtime import stopping

LOG = logging.getLogger(__name__)

PREFIX: Final = "attempt-"


class Claim:
    """One process's right to write below `folder`, once it has been taken."""

    def __init__(self, storage: Storage, folder: str, attempt: int) -> None:
        self._storage = storage
        self._prefix_uri = join_uri(folder, PREFIX)
        self._attempt = attempt
        self.epoch = ""

    def take(self) -> None:
        """Take the next turn of this attempt; raises RunStopped where a newer attempt works already."""
        taken = [epoch for epoch in self._list_epochs() if epoch.startswith(f"{self._attempt:05d}-")]
        turn = int(taken[-1].rpartition("-")[2]) + 1 if taken else 1
        while not self._try_to_take(turn):
            turn += 1
        if turn > 1:
            LOG.info("attempt %d was claimed before; this is turn %d", self._attempt, turn)
        self.check()

    def _try_to_take(self, turn: int) -> bool:
        epoch = f"{self._attempt:05d}-{turn:03d}"
        if write_once(self._storage, f"{self._prefix_uri}{epoch}.json", f'{{"id": "{uuid.uuid4()}"}}\n'.encode()):
            self.epoch = epoch
        return self.epoch == epoch

    def check(self) -> None:
        """Raise RunStopped when a newer epoch has been taken."""
        newest = self._list_epochs()[-1:]
        if newest and newest[0] > self.epoch:
            LOG.warning("epoch %s works already; epoch %s ends", newest[0], self.epoch)
            message = f"Attempt {int(newest[0].partition('-')[0])} has taken over; attempt {self._attempt} ends."
            raise stopping.RunStopped(message)

    def forget_older(self) -> None:
        """Delete the claims of older epochs; this one stays, as it is what keeps a stale process out."""
        for epoch in self._list_epochs():
            if epoch < self.epoch:
                self._storage.delete(f"{self._prefix_uri}{epoch}.json")

    def _list_epochs(self) -> list[str]:
        """Return the epochs that were taken, oldest first."""
        names = (uri.removeprefix(self._prefix_uri) for uri in self._storage.list_uris(self._prefix_uri))
        return sorted(name.removesuffix(".json") for name in names if name.endswith(".json"))


def is_claim(uri: str) -> bool:
    """Return whether an object below the folder is a claim."""
    return uri.rpartition("/")[2].startswith(PREFIX)


def write_once(storage: Storage, uri: str, data: bytes) -> bool:
    """Write an object that must not exist yet; returns whether it now holds `data`.

    An answer that got lost on its way makes the storage client ask again, and its own object is then in the way.
    """
    try:
        storage.write_bytes(uri, data, if_absent=True)
    except PreconditionFailed:
        return storage.read_bytes(uri) == data
    return True
