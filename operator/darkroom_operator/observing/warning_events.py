"""Why a Job or pod is not progressing, from its Warning Events.

Owns which Events are kept, and which of several names the cause. Of each Job and pod at most two are kept: the newest,
and the newest that names a cause. Must not do: any I/O, any decision.
"""

from dataclasses import dataclass
from typing import Final

from darkroom_operator.api.resources import Json
from darkroom_operator.facts.children import parse_time
from darkroom_operator.facts.findings import Complaint

STALE_SECONDS: Final = 330.0
"""A cause that lasts is repeated at least this often: the kubelet tries every 2 minutes, and posts every 5."""
MOST_STRANGERS: Final = 1_000
"""So many objects that are not known (yet) are remembered: an Event may come before the pod that it is about."""

_CAUSES: Final = ("not found", "forbidden", "was found")
"""Words of a cause. The kubelet follows its cause with Events that only say that it timed out waiting."""


@dataclass(frozen=True, slots=True)
class _WarningEvent:
    uid: str
    seen_at: float
    reason: str
    note: str

    @property
    def names_cause(self) -> bool:
        """Return whether it says what is missing or refused."""
        return any(words in self.note for words in _CAUSES)


_Events = tuple[_WarningEvent, ...]
"""What is kept about one object: first the Event that names the cause, then a newer one that does not, if any."""


class WarningEvents:
    """The Warning Events of Jobs and pods that are known, by the uid of the object that each is about."""

    def __init__(self) -> None:
        self._kept: dict[str, _Events] = {}
        self._strangers: dict[str, _Events] = {}

    def find_complaint(self, about: str) -> Complaint | None:
        """Return what the Events about an object say, if anything."""
        events = self._kept.get(about, ())
        return Complaint(about, events[0].reason, events[0].note) if events else None

    def put(self, raw: Json) -> str | None:
        """Take in an Event; return the uid of the known object whose complaint it changed."""
        about, event = _read_about(raw), _parse_event(raw)
        if about in self._kept:
            return self._replace(about, _keep(self._kept[about], event))
        self._strangers[about] = _keep(self._strangers.pop(about, ()), event)
        if len(self._strangers) > MOST_STRANGERS:
            del self._strangers[next(iter(self._strangers))]
        return None

    def remove(self, raw: Json) -> str | None:
        """Take in that an Event expired; return the uid of the known object whose complaint it was."""
        about, uid = _read_about(raw), raw["metadata"]["uid"]
        if about not in self._kept:
            return None
        return self._replace(about, tuple(event for event in self._kept[about] if event.uid != uid))

    def expect(self, about: str) -> None:
        """Keep the Events about an object from now on, and those that came before the object did."""
        if about not in self._kept:
            self._kept[about] = self._strangers.pop(about, ())

    def forget(self, about: str) -> None:
        """Drop the Events about an object that is gone."""
        self._kept.pop(about, None)

    def _replace(self, about: str, events: _Events) -> str | None:
        before = self.find_complaint(about)
        self._kept[about] = events
        return about if self.find_complaint(about) != before else None


def _keep(events: _Events, new: _WarningEvent) -> _Events:
    """Return the newest Event that names a cause which lasts (else the newest), and after it the newest of all."""
    if any(event.uid == new.uid and event.seen_at > new.seen_at for event in events):
        return events
    known = [new, *(event for event in events if event.uid != new.uid)]
    newest = max(known, key=_get_time)
    causes = [event for event in known if event.names_cause and newest.seen_at - event.seen_at <= STALE_SECONDS]
    cause = max(causes, key=_get_time, default=newest)
    return (newest,) if cause is newest else (cause, newest)


def _get_time(event: _WarningEvent) -> float:
    return event.seen_at


def _read_about(raw: Json) -> str:
    about: str = (raw.get("regarding") or {}).get("uid", "")
    return about


def _parse_event(raw: Json) -> _WarningEvent:
    """Reduce an Event; one that was posted by the older API (`core/v1`) comes with its times in `deprecated` fields."""
    series = raw.get("series") or {}
    times = (series.get("lastObservedTime"), raw.get("deprecatedLastTimestamp"), raw.get("eventTime"))
    moments = [parse_time(moment) for moment in (*times, raw["metadata"].get("creationTimestamp"))]
    seen_at = max((moment.timestamp() for moment in moments if moment is not None), default=0.0)
    return _WarningEvent(raw["metadata"]["uid"], seen_at, raw.get("reason", ""), raw.get("note", ""))
