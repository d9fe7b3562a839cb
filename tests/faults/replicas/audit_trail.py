"""Who wrote what: the API server's audit log, one line for each write that it answered.

Owns the policy and the reading. Must not know any test.
"""

import json
import pathlib
from dataclasses import dataclass
from datetime import datetime
from typing import Final

POLICY: Final = {
    "apiVersion": "audit.k8s.io/v1",
    "kind": "Policy",
    "omitStages": ["RequestReceived"],
    "rules": [{"level": "Metadata", "verbs": ["create", "update", "patch", "delete"]}, {"level": "None"}],
}
LEASES: Final = "leases"


@dataclass(frozen=True)
class Write:
    """A write that the API server took or refused."""

    agent: str
    verb: str
    resource: str
    name: str
    status: int
    at: datetime


class AuditTrail:
    """The audit log of an API server that was started with `flags`."""

    def __init__(self, folder: pathlib.Path) -> None:
        self._log = folder / "audit.log"
        policy = folder / "policy.json"
        policy.write_text(json.dumps(POLICY))
        self.flags = (f"--audit-policy-file={policy}", f"--audit-log-path={self._log}")

    def read(self) -> list[Write]:
        """Return every write so far; those of Leases are renewals and left out."""
        events = [json.loads(line) for line in self._log.read_text().splitlines() if line.endswith("}")]
        return [_parse(event) for event in events if event["objectRef"]["resource"] != LEASES]


def _parse(event: dict[str, object]) -> Write:
    told = json.loads(json.dumps(event))
    resource = "/".join(part for part in (told["objectRef"]["resource"], told["objectRef"].get("subresource")) if part)
    return Write(
        agent=told.get("userAgent", ""),
        verb=told["verb"],
        resource=resource,
        name=told["objectRef"].get("name", ""),
        status=told["responseStatus"]["code"],
        at=datetime.fromisoformat(told["requestReceivedTimestamp"]),
    )
