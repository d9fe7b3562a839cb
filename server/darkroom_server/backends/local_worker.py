"""The process that inspects, trains and evaluates for a local folder: started when there is work, and ended with us.

Owns its life. What it does is the trainer's `darkroom_trainer.local.serving`, which this package must not import.
"""

import asyncio
import contextlib
import logging
import pathlib
import sys
from collections.abc import Callable, Sequence
from typing import Final

from darkroom_storage.state_folder import LOG_FILE

LOGGER: Final = logging.getLogger("darkroom_server")
WORKER_MODULE: Final = "darkroom_trainer.local.serving.server_worker"
STOP_SECONDS: Final = 20.0
"""It cuts its run short by itself after 12."""
FIRST_PAUSE_SECONDS: Final = 1.0
LONGEST_PAUSE_SECONDS: Final = 60.0


class LocalWorker:
    """Keeps a worker running for as long as there is work."""

    def __init__(self, root: pathlib.Path, arguments: Sequence[str], has_work: Callable[[], bool]) -> None:
        self.command = [sys.executable, "-m", WORKER_MODULE, str(root), *arguments]
        self._log = root / LOG_FILE
        self._has_work = has_work
        self._changed = asyncio.Event()
        self.process: asyncio.subprocess.Process | None = None

    def tell(self) -> None:
        """Say that a resource changed: the worker looks for what was cancelled, or is started."""
        self._changed.set()
        stdin = self.process.stdin if self.process is not None else None
        if stdin is not None and not stdin.is_closing():
            stdin.write(b"\n")

    async def run(self) -> None:
        """Run workers, one after the other, until the task is cancelled; the last one is ended first."""
        pause_seconds = FIRST_PAUSE_SECONDS
        while True:
            if not self._has_work():
                await self._changed.wait()
            self._changed.clear()
            code = await self._run_one() if self._has_work() else 0
            if code == 0:
                pause_seconds = FIRST_PAUSE_SECONDS
                # What is left can only wait for a resource that is missing.
                await self._changed.wait()
                continue
            LOGGER.warning("the worker ended with code %d (see %s); another follows", code, self._log)
            await asyncio.sleep(pause_seconds)
            pause_seconds = min(2 * pause_seconds, LONGEST_PAUSE_SECONDS)

    async def _run_one(self) -> int:
        with self._log.open("ab") as log:
            process = await asyncio.create_subprocess_exec(
                *self.command,
                stdin=asyncio.subprocess.PIPE,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C is for the server, which then ends its worker
            )
        self.process = process
        try:
            return await process.wait()
        except asyncio.CancelledError:
            await asyncio.shield(_end(process))
            raise
        finally:
            self.process = None


async def _end(process: asyncio.subprocess.Process) -> None:
    """Close the worker's standard input, which tells it to end, and wait."""
    assert process.stdin is not None
    process.stdin.close()
    try:
        async with asyncio.timeout(STOP_SECONDS):
            await process.wait()
    except TimeoutError:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
