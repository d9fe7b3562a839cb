"""The two pods of an attempt as processes of this machine, each a group of its own, and what they leave behind.

Owns their start, their ends and the mark by which processes of a run are found. Must not judge.
"""

import contextlib
import json
import multiprocessing
import os
import pathlib
import signal
import time
import urllib.request
from collections.abc import Iterator
from multiprocessing.context import ForkServerProcess
from typing import Final

from bench.clusters.ports import find_free_port
from bench.node_kills import leading, pod
from bench.node_kills.verdicts import ClockKind, Spot
from darkroom_api import names, report, run_config

MARK: Final = "NODE_KILLS_RUN"
COUNT: Final = 2
STARTING: Final = "Starting"
SCRATCH: Final = ("node-", "nodes-", "devices-")
PRELOADED: Final = [
    pod.__name__,
    "darkroom_trainer.commands.training",
]
CONTEXT: Final = multiprocessing.get_context("forkserver")


def load() -> None:
    """Load the code of all pods once; returns when that is done."""
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    CONTEXT.set_forkserver_preload(PRELOADED)
    first = CONTEXT.Process(target=os.getpid)
    first.start()
    first.join()


class Attempt:
    """An attempt: index 0 and one worker."""

    def __init__(self, folder: pathlib.Path, configs: list[run_config.RunConfig], clock: ClockKind) -> None:
        """Start a pod for each of the configurations."""
        self._port = find_free_port()
        self._started_at = time.monotonic()
        self._folders = [folder / f"attempt-{one.attempt}-{index}" for index, one in enumerate(configs)]
        self._processes = [self._start(index, config, clock) for index, config in enumerate(configs)]

    def _start(self, index: int, config: run_config.RunConfig, clock: ClockKind) -> ForkServerProcess:
        place = self._folders[index]
        (place / "work").mkdir(parents=True)
        (place / "run.json").write_text(json.dumps(config.to_json()))
        arguments = ["train", f"--config={place / 'run.json'}", f"--work={place / 'work'}"]
        arguments += [f"--termination-log={place / 'end'}", f"--port={0 if index else self._port}"]
        variables = {MARK: place.parent.name, names.INDEX_VARIABLE: str(index)}
        process = CONTEXT.Process(target=pod.run_pod, args=(place, clock, variables, arguments))
        process.start()
        return process

    @property
    def is_over(self) -> bool:
        """Return whether index 0 has ended."""
        return not self._processes[0].is_alive()

    @property
    def seconds(self) -> float:
        """Return how long ago it was started."""
        return time.monotonic() - self._started_at

    def read_spot(self) -> Spot:
        """Return where index 0 says that the run is."""
        seconds = self.seconds
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self._port}{names.STATUS_PATH}", timeout=2) as answer:
                told = report.Progress.model_validate_json(answer.read())
        except OSError:
            return Spot(seconds, STARTING, 0.0)
        return Spot(seconds, told.stage or STARTING, told.meter.charged_seconds)

    def kill(self, index: int) -> None:
        """End all processes of a pod as the kernel does."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._processes[index].pid or 0, signal.SIGKILL)

    def terminate(self) -> None:
        """Ask both pods to end, as a drain of their nodes does."""
        for process in reversed(self._processes):
            process.terminate()

    def wait(self, index: int, seconds: float) -> int | None:
        """Return the exit code of a pod, None where it has not ended by then; it is killed."""
        process = self._processes[index]
        process.join(seconds)
        if process.exitcode is not None:
            return process.exitcode
        self.kill(index)
        process.join()
        return None

    def read_outcome(self) -> report.Outcome | None:
        """Return how index 0 said that it ended, None where it said nothing."""
        end = self._folders[0] / "end"
        return report.parse_outcome(end.read_text()) if end.exists() else None

    def read_excess(self) -> tuple[float, str]:
        """Return the most that its meter was above the budget, and who saw that."""
        file = self._folders[0] / leading.EXCESS_FILE
        seconds, _, seen_by = file.read_text().partition(" ") if file.exists() else ("-inf", "", "")
        return float(seconds), seen_by

    def read_log(self, index: int) -> str:
        """Return the last of what a pod said."""
        return (self._folders[index] / "log").read_text(errors="replace")[-3000:]

    def list_scratch(self) -> list[str]:
        """Return the folders that pods which ended by themselves should have taken away: of nodes and devices."""
        ended = [place for place, one in zip(self._folders, self._processes, strict=True) if (one.exitcode or 0) >= 0]
        found = [path for place in ended for path in (place / "work").iterdir()]
        return [f"{path.parent.parent.name}: {path.name}" for path in found if path.name.startswith(SCRATCH)]


def list_processes(mark: str, wait_seconds: float) -> list[str]:
    """Return the processes of a run that are still there after this time."""
    deadline = time.monotonic() + wait_seconds
    while (found := list(_find_processes(mark))) and time.monotonic() < deadline:
        time.sleep(0.1)
    return found


def _find_processes(mark: str) -> Iterator[str]:
    for folder in pathlib.Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if f"{MARK}={mark}\0".encode() in (folder / "environ").read_bytes():
                yield f"process {(folder / 'cmdline').read_bytes().decode().replace(chr(0), ' ')[:80]}"
