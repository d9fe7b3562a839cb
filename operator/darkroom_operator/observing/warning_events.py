"""Why a Job or pod is not progressing, from its Warning Events.

Owns which Events are kept, and which of several names the cause. Of each Job and pod at most two are kept: the newest,
and the newest that names a cause. Must not do: any I/O, any decision.
"""

from typing import Final

from darkroom_operator.api.resources import Json
from darkroom_operator.facts.findings import Complaint
from darkroom_operator.facts.reading import WarningEvent, parse_event

STALE_SECONDS: Final = 330.0
"""A cause that lasts is repeated at least this often: the kubelet tries every 2 minutes, and posts every 5."""
MOST_STRANGERS: Final = 1_000
"""So many objects that are not known (yet) are remembered: an Event may come before the pod that it is about."""

_CAUSES: Final = (
    *("not found", "forbidden", "was found"),
    *("Multi-Attach", "Attach failed", "MountDevice failed", "check failed", "volumeMode"),
)
"""Words of a cause. The kubelet follows its cause with Events that only say that it timed out waiting."""


_Events = tuple[WarningEvent, ...]
"""What is kept about one object: first the Event that names the cause, then a newer one that does not, if any."""


_About = tuple[str, str]
"""Namespace and uid of the object that an Event is about: one of another namespace's is somebody's invention."""


class WarningEvents:
    """The Warning Events of Jobs and pods that are known."""

    def __init__(self) -> None:
        self._kept: dict[_About, _Events] = {}
        self._strangers: dict[_About, _Events] = {}

    def find_complaint(self, namespace: str, uid: str) -> Complaint | None:
        """Return what the Events about an object say, if anything."""
        events = self._kept.get((namespace, uid), ())
        return Complaint(uid, events[0].reason, events[0].note) if events else None

    def put(self, raw: Json) -> str | None:
        """Take in an Event; return the uid of the known object whose complaint it changed."""
        event = parse_event(raw)
        about = (event.namespace, event.about)
        if about in self._kept:
            return self._replace(about, _keep(self._kept[about], event))
        self._strangers[about] = _keep(self._strangers.pop(about, ()), event)
        if len(self._strangers) > MOST_STRANGERS:
            del self._strangers[next(iter(self._strangers))]
        return None

    def remove(self, raw: Json) -> str | None:
        """Take in that an Event expired; return the uid of the known object whose complaint it was."""
        gone = parse_event(raw)
        about = (gone.namespace, gone.about)
        if about not in self._kept:
            return None
        return self._replace(about, tuple(event for event in self._kept[about] if event.uid != gone.uid))

    def expect(self, namespace: str, uid: str) -> None:
        """Keep the Events about an object from now on, and those that came before the object did."""
        about = (namespace, uid)
        if about not in self._kept:
            self._kept[about] = self._strangers.pop(about, ())

    def forget(self, namespace: str, uid: str) -> None:
        """Drop the Events about an object that is gone."""
        self._kept.pop((namespace, uid), None)

    def _replace(self, about: _About, events: _Events) -> str | None:
        before = self.find_complaint(*about)
        self._kept[about] = events
        return about[1] if self.find_complaint(*about) != before else None


def _keep(events: _Events, new: WarningEvent) -> _Events:
    """Return the newest Event that names a cause which lasts (else the newest), and after it the newest of all."""
    if any(event.uid == new.uid and event.seen_at > new.seen_at for event in events):
        return events
    known = [new, *(event for event in events if event.uid != new.uid)]
    newest = max(known, key=_get_time)
    causes = [event for event in known if _names_cause(event) and newest.seen_at - event.seen_at <= STALE_SECONDS]
    cause = max(causes, key=_get_time, default=newest)
    return (newest,) if cause is newest else (cause, newest)


def _names_cause(event: WarningEvent) -> bool:
    """Return whether it says what is missing or refused."""
    return any(words in event.note for words in _CAUSES)


def _get_time(event: WarningEvent) -> float:
    return event.seen_at
