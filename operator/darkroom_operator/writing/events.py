"""Kubernetes Events about what a user should notice: work started, ended, or is tried again.

Owns which changes are told, and how: a stable name per object and reason, so that a repetition adds to the series of
the first one instead of making another. Queued is not told: `status` says it, and a thousand Models stay cheap.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from darkroom_api import names
from darkroom_operator.api.resources import Key
from darkroom_operator.facts.children import Json

CONTROLLER: Final = "darkroom.dev/operator"
MAX_NOTE_LENGTH: Final = 1000
_TOLD_PHASES: Final = frozenset({"Training", "Evaluating", "Succeeded", "Failed", "Cancelled", "Ready", "Invalid"})
_TOLD_REASONS: Final = frozenset(
    {"RetryingAfterDisruption", "RetryingAfterFailure", "StorageUnavailable", "InvalidConfiguration", "NameConflict"}
)
_WARNING_PHASES: Final = frozenset({"Failed", "Invalid"})


@dataclass(frozen=True)
class Notice:
    """One thing to tell."""

    key: Key
    uid: str
    warning: bool
    reason: str
    note: str

    @property
    def name(self) -> str:
        """Return the Event's name: the same for a repetition, another for another object or reason."""
        digest = hashlib.sha256(f"{self.uid}/{self.reason}".encode()).hexdigest()[:16]
        return f"{self.key.name[:200]}.{digest}"


def find_notice(key: Key, uid: str, before: Json, after: Json) -> Notice | None:
    """Return what to tell about a status that changed from `before` to `after`."""
    told = {field: after.get(field) for field in ("phase", "reason")}
    if told == {field: before.get(field) for field in ("phase", "reason")}:
        return None
    phase, reason = str(told["phase"]), str(told["reason"])
    if phase not in _TOLD_PHASES and reason not in _TOLD_REASONS:
        return None
    warning = phase in _WARNING_PHASES or reason in _TOLD_REASONS
    return Notice(key, uid, warning, reason, after.get("message", "") or phase)


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
        "note": notice.note[:MAX_NOTE_LENGTH],
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


def format_micro(moment: datetime) -> str:
    """Return a Kubernetes MicroTime."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
