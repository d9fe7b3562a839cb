"""The API server's audit log: who wrote what."""

import json
from collections import Counter
from typing import Any, Final

from hack.localcluster.state import State

WRITES: Final = frozenset({"create", "update", "patch", "delete", "deletecollection"})
NOT_COUNTED: Final = frozenset({"leases", "tokenreviews", "subjectaccessreviews", "selfsubjectaccessreviews"})
"""A Lease is renewed by its nature; reviews ask and write nothing."""


class AuditLog:
    """The part of the audit log that is written after this object was made."""

    def __init__(self, state: State) -> None:
        self._path = state.log / "audit.log"
        self._offset = self._path.stat().st_size if self._path.exists() else 0

    def writes_of(self, user: str) -> Counter[str]:
        """Return how often a user wrote, as `verb resource/subresource`."""
        counts: Counter[str] = Counter()
        for event in self._read():
            if event["verb"] in WRITES and event["user"]["username"] == user:
                target = event.get("objectRef", {})
                if target.get("resource") not in NOT_COUNTED:
                    counts[_describe(event["verb"], target)] += 1
        return counts

    def creations_of(self, resource: str, namespace: str) -> Counter[str]:
        """Return how often an object of each name was created, whoever did it; refused calls do not count."""
        created: Counter[str] = Counter()
        for event in self._read():
            target = event.get("objectRef", {})
            done = event["verb"] == "create" and event.get("responseStatus", {}).get("code") == 201
            if done and (target.get("resource"), target.get("namespace")) == (resource, namespace):
                created[str(target.get("name"))] += 1
        return created

    def calls_of(self, user: str) -> int:
        """Return how often a user called at all: none would mean that the log is not of this cluster."""
        return sum(event["user"]["username"] == user for event in self._read())

    def _read(self) -> list[dict[str, Any]]:
        with self._path.open("rb") as log:
            log.seek(self._offset)
            lines = log.read().splitlines(keepends=True)
        return [json.loads(line) for line in lines if line.endswith(b"\n")]


def _describe(verb: str, target: dict[str, Any]) -> str:
    subresource = f"/{target['subresource']}" if target.get("subresource") else ""
    return f"{verb} {target.get('resource')}{subresource}"
