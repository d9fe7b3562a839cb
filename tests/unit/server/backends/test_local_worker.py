"""The life of the worker's process; the worker is replaced by a few lines that note what they are told."""

import asyncio
import pathlib
import sys

import pytest

from darkroom_server.backends import local_worker
from darkroom_server.backends.local_worker import LocalWorker


class Scene:
    """A folder, a worker of a few lines, and how many runs wait."""

    def __init__(self, folder: pathlib.Path, lines: str) -> None:
        self.folder, self.waiting = folder, 1
        self.notes = folder / "notes"
        self.worker = LocalWorker(folder, [], lambda: self.waiting > 0)
        self.worker.command = [sys.executable, "-c", f"import sys, pathlib\nnotes = {str(self.notes)!r}\n{lines}"]

    async def wait_for(self, text: str) -> None:
        """Wait until the worker has noted this."""
        while not self.notes.exists() or self.notes.read_text() != text:
            await asyncio.sleep(0.02)


NOTE = "def note(text):\n    with open(notes, 'a') as file: file.write(text)\n"


async def _play(scene: Scene, until: str) -> None:
    running = asyncio.create_task(scene.worker.run())
    try:
        async with asyncio.timeout(20):
            await scene.wait_for(until)
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


def test_none_is_started_without_work_and_one_as_soon_as_there_is_some(tmp_path: pathlib.Path) -> None:
    async def play() -> None:
        scene = Scene(tmp_path, f"{NOTE}note('a')")
        scene.waiting = 0
        running = asyncio.create_task(scene.worker.run())
        await asyncio.sleep(0.3)
        assert not scene.notes.exists()
        scene.waiting = 1
        scene.worker.tell()
        async with asyncio.timeout(20):
            await scene.wait_for("a")
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    asyncio.run(play())


def test_a_change_is_told_by_a_line_and_our_end_by_its_end(tmp_path: pathlib.Path) -> None:
    lines = f"{NOTE}note('a')\nfor line in sys.stdin: note('b')\nnote('c')"

    async def play() -> None:
        scene = Scene(tmp_path, lines)
        running = asyncio.create_task(scene.worker.run())
        async with asyncio.timeout(20):
            await scene.wait_for("a")
            scene.worker.tell()
            await scene.wait_for("ab")
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
        assert scene.notes.read_text() == "abc"

    asyncio.run(play())


def test_what_changed_while_it_ended_starts_another(tmp_path: pathlib.Path) -> None:
    async def play() -> None:
        scene = Scene(tmp_path, f"{NOTE}note('a')\nsys.stdin.readline()")
        running = asyncio.create_task(scene.worker.run())
        async with asyncio.timeout(20):
            await scene.wait_for("a")
            scene.worker.tell()
            await scene.wait_for("aa")
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    asyncio.run(play())


def test_one_that_fails_is_followed_by_another_after_a_pause(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(local_worker, "FIRST_PAUSE_SECONDS", 0.01)
    asyncio.run(_play(Scene(tmp_path, f"{NOTE}note('a')\nprint('why', file=sys.stderr)\nsys.exit(3)"), "aaa"))
    assert "ended with code 3" in caplog.text
    assert (tmp_path / "worker.log").read_text().startswith("why\n")


def test_one_that_does_not_end_is_killed(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local_worker, "STOP_SECONDS", 0.2)
    asyncio.run(_play(Scene(tmp_path, f"{NOTE}import time\nnote('a')\ntime.sleep(100)"), "a"))
