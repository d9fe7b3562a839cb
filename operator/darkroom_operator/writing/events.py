"""Kubernetes Events about what a user should notice: work started, ended, or is tried again.

Owns which changes are told, and how: a stable name per object and reason, so that a repetition adds to the series of
the first one instead of making another. Queued is not told: `status` says it, and a thousand Models stay cheap.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from darkroom_api import names
from darkroom_api.conditions import DatasetPhase, RunPhase
from darkroom_api.endings import find_ending
from darkroom_operator.api.clock import format_micro
from darkroom_operator.api.resources import Json, Key

CONTROLLER: Final = "darkroom.dev/operator"
MAX_NOTE_BYTES: Final = 1024
_TOLD_PHASES: Final = {*DatasetPhase, *RunPhase} - {DatasetPhase.PENDING, DatasetPhase.INSPECTING, RunPhase.QUEUED}
_WARNING_PHASES: Final = frozenset({RunPhase.FAILED, DatasetPhase.INVALID})


@dataclass(frozen=True)
class Notice:
    """One thing to tell."""

    key: Key
    uid: str
    warning: bool
    reason: str
    note: str
    fails: bool = False
    """Whether it tells that the object failed, so that this is not lost in the series of earlier attempts' ends."""

    @property
    def name(self) -> str:
        """Return the Event's name: the same for a repetition, another for another object or reason."""
        told = f"{self.uid}/{self.reason}" + ("/failed" if self.fails else "")
        digest = hashlib.sha256(told.encode()).hexdigest()[:16]
        # What the cut leaves at the end must not be what no part of a name may end with.
        return f"{self.key.name[:200].rstrip('-.')}.{digest}"


def find_notice(key: Key, uid: str, before: Json, after: Json) -> Notice | None:
    """Return what to tell about a status that changed from `before` to `after`."""
    told = {field: after.get(field) for field in ("phase", "reason")}
    if told == {field: before.get(field) for field in ("phase", "reason")}:
        return None
    phase, reason = str(told["phase"]), str(told["reason"])
    ending = find_ending(reason)
    warning = phase in _WARNING_PHASES or (ending is not None and ending.warns)
    if phase not in _TOLD_PHASES and not warning:
        return None
    return Notice(key, uid, warning, reason, after.get("message", "") or phase, phase in _WARNING_PHASES)


def build_event(notice: Notice, instance: str, now: datetime) -> Json:
    """Return the manifest of the first Event of a series."""
    return {
        "apiVersion": "events.k8s.io/v1",
        "kind": "Event",
        "metadata": {"name": notice.name, "namespace": notice.key.namespace},
        "eventTime": format_micro(now),
        "reportingController": CONTROLLER,
        "reportingInstance": instance[:128],
        "action": "Reconcile",
        "type": "Warning" if notice.warning else "Normal",
        "reason": notice.reason,
        "note": notice.note.encode()[:MAX_NOTE_BYTES].decode(errors="ignore"),
        "regarding": {
            "apiVersion": names.API_VERSION,
            "kind": notice.key.kind,
            "namespace": notice.key.namespace,
            "name": notice.key.name,
            "uid": notice.uid,
        },
    }


def build_repetition(existing: Json, now: datetime) -> list[Json]:
    """Return the JSON patch that adds one to the series of an existing Event.

    The API server lets nothing but the series of an Event change.
    """
    count = (existing.get("series") or {}).get("count", 1) + 1
    return [{"op": "add", "path": "/series", "value": {"count": count, "lastObservedTime": format_micro(now)}}]
