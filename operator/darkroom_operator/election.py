"""Which of the operator's replicas leads: the official client's election, made safe against clocks and silence.

Owns the Lease and the fence. The client's algorithm (take a free Lease, renew one's own, replace by resourceVersion)
is used as it is; its two loops are not, nor its verdict on who has expired, since both read the wall clock. Must not
know what leading means.
"""

import asyncio
import json
import logging
from collections.abc import Awaitable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Protocol

from kubernetes.aio.client.exceptions import ApiException
from kubernetes.aio.leaderelection.electionconfig import Config
from kubernetes.aio.leaderelection.leaderelection import LeaderElection
from kubernetes.aio.leaderelection.leaderelectionrecord import LeaderElectionRecord
from kubernetes.aio.leaderelection.resourcelock.baselock import BaseLock

from darkroom_operator.children import Json
from darkroom_operator.cluster import ClusterError
from darkroom_operator.events import format_micro
from darkroom_operator.fence import FOR_EVER, Clock, Fence, read_boot_clock
from darkroom_operator.resources import LEASES, Resource

logger = logging.getLogger(__name__)

EXPIRED_SECONDS: Final = 0.2
"""A try comes so long after a holder's time is up."""


class TermsError(ValueError):
    """An election cannot be held on these terms; the message says why."""


@dataclass(frozen=True)
class Terms:
    """Where the Lease is, who asks for it, and its times in seconds."""

    namespace: str
    name: str
    identity: str
    lease_seconds: int = 15
    renew_seconds: int = 10
    retry_seconds: int = 2

    def __post_init__(self) -> None:
        """Refuse terms with which a leader could write after another took over."""
        if not self.namespace or not self.name:
            raise TermsError("--lease must be NAMESPACE/NAME")
        if not self.lease_seconds > self.renew_seconds > 2 * self.retry_seconds > 0:
            raise TermsError("the lease must be longer than its renewal, and that longer than two retries")


class Leases(Protocol):
    """The calls about Leases, which pass no fence: the Lease is what opens it. Each raises ClusterError."""

    async def get(self, resource: Resource, namespace: str, name: str) -> Json:
        """Return a Lease."""
        ...

    async def create_lease(self, namespace: str, manifest: Json) -> Json:
        """Create a Lease and return it."""
        ...

    async def replace_lease(self, namespace: str, name: str, manifest: Json) -> Json:
        """Replace a Lease, provided that it still has the manifest's resourceVersion, and return it."""
        ...


class Lock(BaseLock):
    """The Lease. A holder has expired once its Lease did not change for its duration on this process's own clock.

    The client's own LeaseLock is not used: it cannot create a Lease (its own check refuses `pretty=True`), waits five
    minutes for an answer, ends the process when a connection is refused, and writes the local time as UTC.
    """

    def __init__(self, terms: Terms, leases: Leases, clock: Clock) -> None:
        super().__init__(terms.name, terms.namespace, terms.identity)
        self._leases, self._clock = leases, clock
        self._duration_seconds = terms.lease_seconds
        self._lease: Json = {}
        self._seen: tuple[str, float] = ("", float("-inf"))
        self._held_by_other = False
        self.free_at = float("inf")
        """When the holder that was seen last has expired, on this process's clock."""

    async def get(self, name: str, namespace: str) -> tuple[bool, Any]:
        """Return the record; one that has expired is returned as held by nobody."""
        try:
            self._lease = await self._leases.get(LEASES, namespace, name)
        except ClusterError as error:
            return False, _to_api_exception(error)
        spec = self._lease.get("spec", {})
        holder = spec.get("holderIdentity") or None
        self.free_at = self._find_expiry(spec) if holder not in (None, self.identity) else float("inf")
        self._held_by_other = self.free_at < float("inf") and self._clock() <= self.free_at
        mine = holder == self.identity or self._held_by_other
        times = (str(spec.get("acquireTime")), str(spec.get("renewTime")))
        return True, LeaderElectionRecord(holder if mine else None, str(spec.get("leaseDurationSeconds")), *times)

    async def create(self, name: str, namespace: str, election_record: LeaderElectionRecord) -> bool:  # noqa: ARG002
        """Create the Lease; False where that did not work."""
        manifest = {"apiVersion": LEASES.api_version, "kind": LEASES.kind, "metadata": {"name": name}}
        return await self._write(self._leases.create_lease(namespace, {**manifest, "spec": self._build_spec({})}))

    async def update(self, name: str, namespace: str, updated_record: LeaderElectionRecord) -> bool:  # noqa: ARG002
        """Replace the Lease that was read; False where that did not work, or where its holder has not expired."""
        if self._held_by_other:
            return False
        lease = {**self._lease, "spec": self._build_spec(self._lease.get("spec", {}))}
        return await self._write(self._leases.replace_lease(namespace, name, lease))

    async def release(self) -> None:
        """Give the Lease up, so that another may take it at once. Best effort: it expires anyway."""
        found, record = await self.get(self.name, self.namespace)
        if found and record.holder_identity == self.identity:
            spec = {**self._lease["spec"], "holderIdentity": "", "leaseDurationSeconds": 1}
            await self._write(self._leases.replace_lease(self.namespace, self.name, {**self._lease, "spec": spec}))

    async def _write(self, call: Awaitable[Json]) -> bool:
        try:
            self._lease = await call
        except ClusterError as error:
            logger.warning("the lease was not written", extra={"error": str(error)})
            return False
        return True

    def _build_spec(self, old: Json) -> Json:
        """Return the spec to write. Its times are for people: no replica compares them with a clock of its own."""
        now = format_micro(datetime.now(UTC))
        spec = {
            **old,
            "holderIdentity": self.identity,
            "leaseDurationSeconds": self._duration_seconds,
            "renewTime": now,
        }
        if old.get("holderIdentity") != self.identity:
            spec |= {"acquireTime": now, "leaseTransitions": old.get("leaseTransitions", -1) + 1}
        return spec

    def _find_expiry(self, spec: Json) -> float:
        version = self._lease["metadata"]["resourceVersion"]
        if version != self._seen[0]:
            self._seen = (version, self._clock())
        return self._seen[1] + float(spec.get("leaseDurationSeconds") or 0)


class Election:
    """Takes part for ever. Leads while the fence is open."""

    def __init__(self, terms: Terms, leases: Leases, fence: Fence, clock: Clock = read_boot_clock) -> None:
        self._terms, self._fence, self._clock = terms, fence, clock
        self._lock = Lock(terms, leases, clock)
        self._election = LeaderElection(_build_config(self._lock, terms))
        self._resigned = False
        self._turn = asyncio.Lock()
        self._leads = asyncio.Event()
        self._stands_by = asyncio.Event()
        self._stands_by.set()

    async def wait_until_leading(self) -> None:
        """Return once this process leads."""
        await self._leads.wait()

    async def wait_until_standing_by(self) -> None:
        """Return once this process does not lead."""
        await self._stands_by.wait()

    async def run(self) -> None:
        """Ask for the Lease, and renew it, for ever."""
        while True:
            await self.step()
            await asyncio.sleep(self.pause())

    def pause(self) -> float:
        """Return the seconds until the next try: sooner where a holder's time is up before."""
        left = self._lock.free_at - self._clock()
        return min(left + EXPIRED_SECONDS, self._terms.retry_seconds) if left >= 0 else self._terms.retry_seconds

    async def step(self) -> None:
        """Ask once. The fence opens from the moment of asking: that is when others saw the renewal at the earliest."""
        async with self._turn:
            asked_at = self._clock()
            if await self._ask() and not self._resigned:
                self._fence.open_until(asked_at + self._terms.renew_seconds)
            elif self._lost_to_other():
                self._fence.shut()
            self._note(self._fence.is_open())

    async def resign(self) -> None:
        """Shut the fence for good and release the Lease. Whoever calls this has ended its own writes before."""
        self._resigned = True
        self._fence.shut()
        led = self._leads.is_set()
        self._note(False)
        if led:
            try:
                # A renewal on its way must not come after the release.
                async with asyncio.timeout(self._terms.renew_seconds / 2), self._turn:
                    await self._lock.release()
            except TimeoutError:
                logger.warning("the lease was not released: no answer")

    async def _ask(self) -> bool:
        if self._resigned:
            return False
        try:
            # An API server that says nothing must leave time for another try before the fence falls shut.
            async with asyncio.timeout(self._terms.renew_seconds / 2):
                return bool(await self._election.try_acquire_or_renew())
        except TimeoutError:
            return False

    def _lost_to_other(self) -> bool:
        record = self._election.observed_record
        return record is not None and record.holder_identity not in (None, self._terms.identity)

    def _note(self, leads: bool) -> None:
        if leads == self._leads.is_set():
            return
        logger.info("leading" if leads else "standing by", extra={"lease": self._terms.name})
        (self._leads if leads else self._stands_by).set()
        (self._stands_by if leads else self._leads).clear()


class NoElection:
    """What stands in where one process is all there is: it leads from its start to its end."""

    def __init__(self, fence: Fence) -> None:
        self._fence = fence
        fence.open_until(FOR_EVER)

    async def wait_until_leading(self) -> None:
        """Return at once."""

    async def wait_until_standing_by(self) -> None:
        """Never return."""
        await asyncio.Event().wait()

    async def run(self) -> None:
        """Never return."""
        await asyncio.Event().wait()

    async def resign(self) -> None:
        """Write nothing from now on."""
        self._fence.shut()


def _to_api_exception(error: ClusterError) -> ApiException:
    """Return what the client's election looks at: the reason, and in the body the code."""
    exception = ApiException(status=error.status, reason=str(error))
    exception.body = json.dumps({"code": error.status})
    return exception


def _build_config(lock: Lock, terms: Terms) -> Config:
    async def ignore() -> None:
        """The client's own loops, which would call this, are not used."""

    times = (terms.lease_seconds, terms.renew_seconds, terms.retry_seconds)
    return Config(lock, *times, onstarted_leading=ignore, onstopped_leading=ignore)
