"""Servers that work on runs, with a clock that stands still and images that are looked at once a test allows it.

Owns no expectation.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pytest

from darkroom_server.backends.folder import ResultFolder
from darkroom_server.config import PredictionLimits, RunLimits
from darkroom_server.http.room import Room
from darkroom_server.prediction.loaded import LoadedModels
from darkroom_server.runs import runner as runners
from darkroom_server.runs.recognizer import Ending, Recognizer
from darkroom_server.runs.record import RunRecord, RunState
from darkroom_server.runs.store import RunStore
from tests.support.server.models import draw
from tests.support.server.parts import NAMESPACE, ModelFolders
from tests.support.server.runs import MODEL, NOW, until

IMAGE = draw(("red", 0, 0), ("blue", 2, 1))


@dataclass
class Waiting(Recognizer):
    """Answers once it may, or never."""

    real: Recognizer
    may_answer: asyncio.Event = field(default_factory=asyncio.Event)
    asked: int = 0

    async def answer(self, record: RunRecord, image: bytes) -> Ending | None:
        """Wait, and answer."""
        self.asked += 1
        await self.may_answer.wait()
        return await self.real.answer(record, image)


@dataclass
class Server:
    """A runner, and what it counted; its clock stands still until a test moves it."""

    runner: runners.RunRunner
    waiting: Waiting
    counted: list[tuple[Any, ...]]
    now: datetime = NOW

    async def ask(self, name: str = "r", image: bytes = IMAGE) -> RunRecord:
        """Ask for a run."""
        return await self.runner.ask(NAMESPACE, MODEL, name, image)

    async def find(self, name: str = "r") -> RunRecord | None:
        """Return a run as it is kept."""
        kept = await self.runner.store.find(NAMESPACE, MODEL, name)
        return kept.record if kept is not None else None

    async def is_at(self, *states: RunState, name: str = "r") -> bool:
        """Return whether a run is in one of these states."""
        found = await self.find(name)
        return found is not None and found.state in states

    async def kill(self) -> None:
        """End what it works on without a word, as a kill does: nothing more is written."""
        for working in list(self.runner._working.values()):
            working.cancel()
        await until(self.is_idle)

    async def has_counted(self) -> bool:
        """Return whether any run was counted."""
        return bool(self.counted)

    async def has_been_asked(self) -> bool:
        """Return whether any image waits to be looked at, or was looked at."""
        return self.waiting.asked > 0

    async def is_idle(self) -> bool:
        """Return whether it works on nothing."""
        return not self.runner._working

    async def has_place(self) -> bool:
        """Return whether it works on one run at most."""
        return len(self.runner._working) < 2

    async def has_no_image(self) -> bool:
        """Return whether no image is kept any more."""
        return not (await self.runner.store.survey()).images

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Let it look for what was left, until it is told to stop."""
        task = asyncio.create_task(self.runner.run())
        yield
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task

    async def wait_for_end(self, name: str = "r") -> RunRecord:
        """Return a run once it has ended."""
        await until(lambda: self.is_at(RunState.SUCCEEDED, RunState.FAILED, name=name))
        found = await self.find(name)
        assert found is not None
        return found


Story = Callable[..., Awaitable[None]]


@contextlib.contextmanager
def at_once() -> Iterator[None]:
    """Let leases be renewed and writes be tried again without waiting."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(runners, "RENEW_SECONDS", 0.02)
        patch.setattr(runners, "RETRY_SECONDS", 0.01)
        yield


def tell(
    story: Story,
    folder: ResultFolder,
    backend: ModelFolders,
    num_servers: int = 1,
    *,
    free: bool = False,
    **limits: Any,
) -> None:
    """Let servers over one folder live through a story; images are looked at once a test allows it, or at once."""

    async def live() -> None:
        store = RunStore(lambda: folder)  # one, since in a folder of a machine one process alone writes
        servers = [build(store, backend, **limits) for _ in range(num_servers)]
        for server in servers:
            if free:
                server.waiting.may_answer.set()
        await story(*servers)

    with at_once():
        asyncio.run(live())


def build(
    store: RunStore,
    backend: ModelFolders,
    runs: RunLimits = RunLimits(),  # noqa: B008 - it cannot be changed
    places: int = 10,
    room_bytes: int = 1_000_000,
) -> Server:
    """Return a server over a store, whose images are looked at once a test allows it."""
    models = LoadedModels(backend, PredictionLimits(threads=1, max_waiting=places - 1))
    waiting = Waiting(Recognizer(backend, models, runs))
    counted: list[tuple[Any, ...]] = []
    runner = runners.RunRunner(
        store, waiting, models, Room(room_bytes), runs, 1_000_000, lambda *what: counted.append(what[:3]),
        lambda: server.now,
    )  # fmt: skip
    server = Server(runner, waiting, counted)
    return server
