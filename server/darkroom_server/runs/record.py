"""What is kept of one run, and what becomes of it, as pure functions.

    notStarted --taken up--> running --> succeeded | failed
                                ^  |
                                +--+ taken up by another server, once the lease of the first has lapsed

A server that works on a run has a lease of it and renews that. One that was killed renews nothing: after LEASE_SECONDS
another, or the same one started anew, takes the run up, MOST_ATTEMPTS times in all. Must not do: any I/O.
"""

import hashlib
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, Final, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict

from darkroom_server.resources.outcomes import RunError

LEASE_SECONDS: Final = 30.0
"""Clocks of two servers may differ by less; a run that both work on ends once all the same."""
MOST_ATTEMPTS: Final = 3
"""An image that ends the process which looks at it must not end every server, one after the other."""
_NO_LEASE: Final = datetime.fromtimestamp(0, UTC)


class RunState(StrEnum):
    """The service's words."""

    NOT_STARTED = "notStarted"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


class RunRecord(BaseModel):
    """A run. Keys of a later version are passed over."""

    model_config = ConfigDict(frozen=True)

    namespace: str
    model: str
    """The name in the path, which may be the built-in one."""
    name: str
    id: str
    """Differs from that of an earlier run of the same name."""
    state: RunState
    created_at: AwareDatetime
    updated_at: AwareDatetime
    owner: str = ""
    """The server that has the lease."""
    lease_until: AwareDatetime = _NO_LEASE
    attempts: int = 1
    error: RunError | None = None
    result: dict[str, Any] | None = None

    @property
    def has_ended(self) -> bool:
        """Return whether nothing more becomes of it."""
        return self.state in (RunState.SUCCEEDED, RunState.FAILED)

    @property
    def key(self) -> str:
        """Return the name of its file, without an ending."""
        return build_key(self.namespace, self.model, self.name)

    @property
    def image_name(self) -> str:
        """Return the name of its image's file, which no other run has."""
        return f"{self.key}-{self.id}.image"

    def begin(self, now: datetime) -> Self:
        """Return it at work."""
        return self._change(now, state=RunState.RUNNING)

    def renew(self, now: datetime) -> Self:
        """Return it with its lease renewed."""
        return self.model_copy(update={"lease_until": _lease(now)})

    def take_over(self, owner: str, now: datetime) -> Self:
        """Return it with the lease of another server."""
        return self._change(now, owner=owner, lease_until=_lease(now), attempts=self.attempts + 1)

    def release(self, now: datetime) -> Self:
        """Return it for whoever takes it up next, the later the more often it was tried."""
        later = now + timedelta(seconds=LEASE_SECONDS * self.attempts)
        return self._change(now, state=RunState.NOT_STARTED, owner="", lease_until=later)

    def succeed(self, result: dict[str, Any], now: datetime) -> Self:
        """Return it with its result."""
        return self._change(now, state=RunState.SUCCEEDED, owner="", lease_until=_NO_LEASE, result=result)

    def fail(self, error: RunError, now: datetime) -> Self:
        """Return it with what is wrong."""
        return self._change(now, state=RunState.FAILED, owner="", lease_until=_NO_LEASE, error=error)

    def _change(self, now: datetime, **changes: Any) -> Self:
        return self.model_copy(update={**changes, "updated_at": now})


def build_key(namespace: str, model: str, name: str) -> str:
    """Return the name of a run's file, without an ending: names may be longer than those of files."""
    return f"{namespace}/{hashlib.sha256(f'{model}/{name}'.encode()).hexdigest()[:40]}"


def start_record(namespace: str, model: str, name: str, id_: str, owner: str, now: datetime) -> RunRecord:
    """Return a run that was just asked for, with the lease of the server that was asked."""
    return RunRecord(
        namespace=namespace,
        model=model,
        name=name,
        id=id_,
        state=RunState.NOT_STARTED,
        created_at=now,
        updated_at=now,
        owner=owner,
        lease_until=_lease(now),
    )


def _lease(now: datetime) -> datetime:
    return now + timedelta(seconds=LEASE_SECONDS)


def is_left(record: RunRecord, now: datetime) -> bool:
    """Return whether nobody works on a run that has not ended."""
    return not record.has_ended and record.lease_until < now
