"""Works on runs: one task for each that this server has the lease of, and a look at what others have left behind.

Owns the order of writes, and that each run ends. Runs wait in the queue of predictions, in the places of their
namespace. Must not know HTTP routes, or how an image is looked at.
"""

import asyncio
import contextlib
import logging
import time
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Final

from darkroom_server.backends.backend import BackendProblem, Changed, NotOffered, NotThere, Refused, Unavailable
from darkroom_server.config import RunLimits
from darkroom_server.http.problems import Problem
from darkroom_server.http.room import Room
from darkroom_server.prediction.failures import TooBusy
from darkroom_server.prediction.loaded import LoadedModels
from darkroom_server.resources.outcomes import RunError
from darkroom_server.runs import endings
from darkroom_server.runs.recognizer import Ending, Recognizer
from darkroom_server.runs.record import LEASE_SECONDS, MOST_ATTEMPTS, RunRecord, is_left, start_record
from darkroom_server.runs.retention import choose_forgotten
from darkroom_server.runs.store import KeptRun, RunStore, is_keepable

LOGGER: Final = logging.getLogger("darkroom_server.runs")
RENEW_SECONDS: Final = LEASE_SECONDS / 3
SWEEP_SECONDS: Final = 10.0
RETRY_SECONDS: Final = 1.0
STOP_SECONDS: Final = 5.0
"""For the runs at work when the process ends; others take up what is left."""

CountPrediction = Callable[[str, str | None, int, float, int], None]
"""Takes the namespace, the Model where there is one, the status, the seconds and the bytes of one prediction."""


def read_clock() -> datetime:
    """Return the time that leases are told by, which servers compare."""
    return datetime.now(UTC)


class RunRunner:
    """The runs of one server. Belongs to one event loop."""

    def __init__(
        self,
        store: RunStore,
        recognizer: Recognizer,
        models: LoadedModels,
        room: Room,
        limits: RunLimits,
        image_bytes: int,
        count: CountPrediction,
        now: Callable[[], datetime] = read_clock,
    ) -> None:
        self.store = store
        self._recognizer, self._models, self._room = recognizer, models, room
        self._limits, self._image_bytes, self._count, self._now = limits, image_bytes, count, now
        self._owner = uuid.uuid4().hex
        self._working: dict[str, asyncio.Task[None]] = {}
        """By the runs' ids."""
        self._unended: dict[str, str] = {}
        """Namespaces of runs of all servers, by ids, as of the last sweep; and since then of this server's own."""

    async def run(self) -> None:
        """Take up what is left and forget what is old until the task is cancelled, or at once where none are kept."""
        with contextlib.suppress(NotOffered):
            try:
                while True:
                    try:
                        await self.sweep()
                    except NotOffered:
                        raise
                    except BackendProblem as problem:
                        LOGGER.warning("runs that were left behind cannot be looked for now: %s", problem)
                    await asyncio.sleep(SWEEP_SECONDS)
            finally:
                if self._working:
                    await asyncio.wait(self._working.values(), timeout=STOP_SECONDS)

    async def ask(self, namespace: str, model: str, name: str, image: bytes) -> RunRecord:
        """Keep a new run and begin it; raises AlreadyThere, TooBusy, and the Problem of a server without room."""
        self._check_waiting(namespace)
        with contextlib.ExitStack() as held:
            held.enter_context(self._models.hold_place(namespace))
            self._take_room(held, image)
            record = start_record(namespace, model, name, uuid.uuid4().hex, self._owner, self._now())
            self._start(await self.store.create(record, image), image, held.pop_all())
        return record

    def _check_waiting(self, namespace: str) -> None:
        waiting = sum(other == namespace for other in self._unended.values())
        if waiting >= self._limits.most_waiting:
            seconds = round(SWEEP_SECONDS)
            text = f"{waiting:,} runs of namespace {namespace} have not ended, which is as many as may wait; "
            raise TooBusy(f"{text}delete some, or try again in {seconds} seconds", seconds)

    async def forget(self, record: RunRecord) -> None:
        """Delete a run, which ends what this server does for it; another one drops it at its next write."""
        await self.store.delete(record)
        self._unended.pop(record.id, None)
        if (working := self._working.get(record.id)) is not None:
            working.cancel()

    async def sweep(self) -> None:
        """Forget what is kept no longer, and take up what nobody works on."""
        survey = await self.store.survey()
        begun = {id_: namespace for id_, namespace in self._unended.items() if id_ in self._working}
        self._unended = begun | {record.id: record.namespace for record in survey.records if not record.has_ended}
        for record in choose_forgotten(survey.records, self._limits, self._now()):
            with _passed_over(record):
                await self.store.delete(record)
        await self.store.delete_orphans(survey.images, survey.records)
        for record in survey.records:
            if is_left(record, self._now()) and record.id not in self._working:
                with _passed_over(record):
                    await self._take_up(record)

    async def _take_up(self, record: RunRecord) -> None:
        """Work on a run that was left, unless another server was faster, or there is no place or no room for it."""
        with contextlib.ExitStack() as held, contextlib.suppress(TooBusy, Problem, Changed, NotThere):
            held.enter_context(self._models.hold_place(record.namespace))
            kept = await self.store.find(record.namespace, record.model, record.name)
            if kept is None or kept.record.id != record.id or not is_left(kept.record, self._now()):
                return
            if kept.record.attempts >= MOST_ATTEMPTS:
                await self._fail(kept, endings.describe_abandoned())
                return
            try:
                image = await self.store.read_image(record, self._image_bytes)
            except NotThere:
                await self._fail(kept, endings.describe_lost_image())
                return
            self._take_room(held, image)
            taken = await self.store.replace(kept, kept.record.take_over(self._owner, self._now()))
            LOGGER.info("run %s/%s of Model %s was left, and is taken up", record.namespace, record.name, record.model)
            self._start(taken, image, held.pop_all())

    async def _fail(self, kept: KeptRun, error: RunError) -> None:
        await self._end(kept, Ending(500, None, error=error))
        self._count(kept.record.namespace, None, 500, 0.0, 0)

    def _take_room(self, held: contextlib.ExitStack, image: bytes) -> None:
        self._room.take(len(image))
        held.callback(self._room.give_back, len(image))

    def _start(self, kept: KeptRun, image: bytes, held: contextlib.ExitStack) -> None:
        task = asyncio.create_task(self._work(kept, image))
        self._working[kept.record.id] = task
        self._unended[kept.record.id] = kept.record.namespace

        def leave(_: object) -> None:  # no part of the task, which may be cancelled before it has begun
            del self._working[kept.record.id]
            held.close()

        task.add_done_callback(leave)

    async def _work(self, kept: KeptRun, image: bytes) -> None:
        """Bring a run to its end. Where its record cannot be written it is left to whoever takes it up next."""
        record = kept.record
        try:
            await self._bring_to_end(kept, image)
        except (Changed, NotThere):
            LOGGER.info("run %s/%s: it was deleted, or taken up by another server", record.namespace, record.name)
        except BackendProblem as problem:
            LOGGER.warning("run %s/%s is left for later: %s", record.namespace, record.name, problem)

    async def _bring_to_end(self, kept: KeptRun, image: bytes) -> None:
        began = time.monotonic()
        kept = await self.store.replace(kept, kept.record.begin(self._now()))
        answering = asyncio.create_task(self._recognizer.answer(kept.record, image))
        try:
            while not (await asyncio.wait({answering}, timeout=RENEW_SECONDS))[0]:
                kept = await self._renew(kept)
        finally:
            answering.cancel()
        ending = answering.result()
        if ending is None:
            await self.store.replace(kept, kept.record.release(self._now()))
            return
        await self._end(kept, ending)
        namespace = ending.model.namespace if ending.model is not None else kept.record.namespace
        name = ending.model.name if ending.model is not None else None
        self._count(namespace, name, ending.status, time.monotonic() - began, len(image))

    async def _renew(self, kept: KeptRun) -> KeptRun:
        try:
            return await self.store.replace(kept, kept.record.renew(self._now()))
        except Unavailable as problem:
            LOGGER.warning("the lease of run %s cannot be renewed now: %s", kept.record.name, problem)
            return kept

    async def _end(self, kept: KeptRun, ending: Ending) -> None:
        """Write how a run ends, again and again for as long as the lease lasts, and forget its image."""
        record, now = kept.record, self._now()
        ended = record.fail(ending.error, now) if ending.error is not None else record.succeed(ending.result or {}, now)
        if not is_keepable(ended):
            ended = record.fail(endings.describe_too_large(), now)
        while True:
            try:
                await self.store.replace(kept, ended)
                break
            except Unavailable:
                if self._now() >= record.lease_until:
                    raise
                await asyncio.sleep(RETRY_SECONDS)
        self._unended.pop(record.id, None)
        await self.store.delete_image(ended)
        for old in choose_forgotten(self.store.list_ended(record.namespace), self._limits, self._now()):
            with _passed_over(old):
                await self.store.delete(old)


@contextlib.contextmanager
def _passed_over(record: RunRecord) -> Iterator[None]:
    """Log what is refused of one run, so that it keeps nobody from the others."""
    try:
        yield
    except Refused as problem:
        LOGGER.warning("run %s/%s is passed over: %s", record.namespace, record.name, problem)
