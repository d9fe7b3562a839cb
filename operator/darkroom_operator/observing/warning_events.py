"""The Warning Events of one Job or pod: what they say of why it does not get on.

Owns that read, how many there are at once, and which of several Events tells the cause. Must not decide when to ask.
"""

import asyncio
import logging
from typing import Final

from darkroom_operator.api.cluster import Cluster, ClusterError
from darkroom_operator.api.resources import EVENTS, Json
from darkroom_operator.facts.children import parse_time
from darkroom_operator.facts.findings import Complaint

logger = logging.getLogger(__name__)

AT_ONCE: Final = 8
STALE_SECONDS: Final = 330.0
"""A cause that lasts is told again at least this often: the kubelet tries every 2 minutes, and tells every 5."""

_TELLING: Final = ("not found", "forbidden", "was found")
"""Words of a cause. The kubelet follows its cause with Events that only say that it timed out waiting."""


class WarningEvents:
    """Reads Events, a few at a time: a list of them costs the API server a scan of the namespace's."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._limit = asyncio.Semaphore(AT_ONCE)

    async def find_complaint(self, namespace: str, about: str) -> Complaint | None:
        """Return what the Events about an object say, if anything; an API server that does not answer is logged."""
        try:
            async with self._limit:
                found = await self._cluster.find(EVENTS, namespace, fields=f"type=Warning,regarding.uid={about}")
        except ClusterError as error:
            logger.warning("events not read", extra={"about": about, "error": str(error)})
            return None
        return pick_complaint(about, found)


def pick_complaint(about: str, events: list[Json]) -> Complaint | None:
    """Return the newest Event that tells a cause which lasts, else the newest."""
    if not events:
        return None
    newest = max(_last_seen(event) for event in events)
    telling = [event for event in events if _tells(event) and newest - _last_seen(event) <= STALE_SECONDS]
    event = max(telling or events, key=_last_seen)
    return Complaint(about, event.get("reason", ""), event.get("note", ""))


def _tells(event: Json) -> bool:
    return any(word in event.get("note", "") for word in _TELLING)


def _last_seen(event: Json) -> float:
    series = event.get("series") or {}
    told = (series.get("lastObservedTime"), event.get("deprecatedLastTimestamp"), event.get("eventTime"))
    moments = [parse_time(moment) for moment in (*told, event["metadata"].get("creationTimestamp"))]
    return max((moment.timestamp() for moment in moments if moment is not None), default=0.0)
