"""Which of the operator's replicas leads: the official client's election, made safe against clocks and silence.

Owns when to ask, and the fence. The client's algorithm (take a free Lease, renew one's own, replace by resourceVersion)
is used as it is; its two loops are not, since they read the wall clock. Must not know what leading means.
"""

import asyncio
import logging
from typing import Final

from kubernetes.aio.leaderelection.electionconfig import Config
from kubernetes.aio.leaderelection.leaderelection import LeaderElection

from darkroom_operator.leadership.fence import FOR_EVER, Clock, Fence, LeaseTerms, read_boot_clock
from darkroom_operator.leadership.lease import Leases, Lock

logger = logging.getLogger(__name__)

EXPIRED_SECONDS: Final = 0.2
"""A try comes so long after a holder's time is up."""


class Election:
    """Takes part for ever. Leads while the fence is open."""

    def __init__(self, terms: LeaseTerms, leases: Leases, fence: Fence, clock: Clock = read_boot_clock) -> None:
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


def _build_config(lock: Lock, terms: LeaseTerms) -> Config:
    async def ignore() -> None:
        """The client's own loops, which would call this, are not used."""

    times = (terms.lease_seconds, terms.renew_seconds, terms.retry_seconds)
    return Config(lock, *times, onstarted_leading=ignore, onstopped_leading=ignore)
