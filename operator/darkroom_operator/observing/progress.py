"""How far the running trainers are: each is asked over HTTP now and then, with a limit on time and size.

Owns the last answers. Losing one loses nothing but a percentage.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Final

import aiohttp

from darkroom_api import names, report
from darkroom_operator.api.resources import Key, Trigger
from darkroom_operator.facts.children import ObservedPod
from darkroom_operator.facts.views import Report
from darkroom_operator.observing import observe
from darkroom_operator.observing.store import Store

logger = logging.getLogger(__name__)

TIMEOUT: Final = aiohttp.ClientTimeout(total=3, connect=1)
MAX_BYTES: Final = 64 * 1024
MAX_AT_ONCE: Final = 20


class Poller:
    """Asks trainers and keeps their last answers, by pod."""

    def __init__(
        self,
        store: Store,
        interval_seconds: float,
        port: int = names.REPORT_PORT,
        leads: Callable[[], bool] = lambda: True,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._store = store
        self._interval_seconds = interval_seconds
        self._port = port
        self._leads = leads
        self._clock = clock
        self._reports: dict[str, Report] = {}
        self._limit = asyncio.Semaphore(MAX_AT_ONCE)

    def find_report(self, pods: Iterable[ObservedPod]) -> Report | None:
        """Return the newest answer of any of these pods."""
        answers = [self._reports[pod.uid] for pod in pods if pod.uid in self._reports]
        return max(answers, key=lambda answer: answer.polled_at, default=None)

    async def run(self, trigger: Trigger) -> None:
        """Ask every running trainer each interval, for ever; `trigger` gets the owners of those that answered.

        A replica that stands by asks nobody.
        """
        async with aiohttp.ClientSession(timeout=TIMEOUT, auto_decompress=False) as session:
            while True:
                await asyncio.sleep(self._interval_seconds)
                running = self._find_running() if self._leads() else []
                alive = {pod.uid for _, pod in running}
                self._reports = {uid: answer for uid, answer in self._reports.items() if uid in alive}
                answers = await asyncio.gather(*(self._ask(session, pod) for _, pod in running))
                trigger(key for (key, _), answered in zip(running, answers, strict=True) if answered)

    def _find_running(self) -> list[tuple[Key, ObservedPod]]:
        """Return the pod of every open attempt that leads it and whose container works now, with its owner."""
        owners = [owner for owner in self._store.owners() if not owner.over]
        opened = ((owner.key, observe.find_open_children(self._store, owner)) for owner in owners)
        return [(key, pod) for key, children in opened for pod in children.pods if pod.leads and pod.running]

    async def _ask(self, session: aiohttp.ClientSession, pod: ObservedPod) -> bool:
        if not pod.ip:
            return False
        host = f"[{pod.ip}]" if ":" in pod.ip else pod.ip
        url = f"http://{host}:{self._port}{names.STATUS_PATH}"
        try:
            async with self._limit, session.get(url, allow_redirects=False) as response:
                progress = report.parse_progress(await _read(response))
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            logger.debug("no progress", extra={"pod": pod.name, "error": str(error)})
            return False
        if progress is None:
            logger.debug("no progress", extra={"pod": pod.name, "error": "the answer is not a progress"})
            return False
        self._reports[pod.uid] = Report(pod.uid, progress, self._clock())
        return True


async def _read(response: aiohttp.ClientResponse) -> bytes:
    body = b""
    async for chunk in response.content.iter_chunked(8192):
        body += chunk
        if len(body) > MAX_BYTES:
            raise OSError(f"the answer is longer than {MAX_BYTES} bytes")
    return body
