"""The other pods of a run as real processes over loopback, each with the run's certificate."""

import json
import os
import pathlib
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from bench.clusters.ports import find_free_port
from darkroom_api import names, run_config
from tests.certificate import make_certificate

STOP_SECONDS = 20.0


def write_credentials(folder: pathlib.Path, host: str = names.NODES_HOST) -> pathlib.Path:
    """Return a folder with a run's key and certificate."""
    folder.mkdir(parents=True, exist_ok=True)
    key, certificate = make_certificate(host)
    (folder / names.NODES_KEY).write_bytes(key)
    (folder / names.NODES_CERTIFICATE).write_bytes(certificate)
    return folder


def an_order(folder: pathlib.Path, count: int = 2, **changes: Any) -> run_config.NodesOrder:
    """Return how so many pods on this machine find each other; all of them have to come."""
    values = {"count": count, "least": count, "address": "127.0.0.1", "port": find_free_port(), "join_seconds": 60.0}
    credentials = folder / "credentials"
    if not credentials.exists():
        write_credentials(credentials)
    return run_config.NodesOrder(**{**values, "credentials_dir": str(credentials), **changes})


class Pods:
    """The pods of a run that are not its first, by index."""

    def __init__(self, folder: pathlib.Path) -> None:
        self._folder = folder
        self.processes: dict[int, subprocess.Popen[bytes]] = {}

    def start(self, config: run_config.RunConfig, index: int, program: str = "") -> subprocess.Popen[bytes]:
        """Start pod `index` of a run, on one CPU so that it computes with one thread; it runs `program` first."""
        place = self._folder / f"pod-{index}"
        place.mkdir(parents=True, exist_ok=True)
        (place / "run.json").write_text(json.dumps(config.to_json()))
        arguments = ["train", "--config", str(place / "run.json"), "--work", str(place), "--termination-log"]
        arguments.append(str(place / "end.json"))
        started = f"import sys, darkroom_trainer.__main__ as main\n{program}\nsys.exit(main.main())"
        allowed = os.sched_getaffinity(0)
        os.sched_setaffinity(0, {min(allowed)})
        try:
            with (place / "log.txt").open("wb") as log:
                self.processes[index] = subprocess.Popen(
                    [sys.executable, "-c", started, *arguments],
                    env=os.environ | {names.INDEX_VARIABLE: str(index), "PYTHONPATH": os.pathsep.join(sys.path)},
                    stdout=log,
                    stderr=subprocess.STDOUT,
                )
        finally:
            os.sched_setaffinity(0, allowed)
        return self.processes[index]

    def wait(self, index: int, seconds: float = STOP_SECONDS) -> int:
        """Return the exit code of a pod."""
        return self.processes[index].wait(seconds)

    def read_log(self, index: int) -> str:
        """Return what a pod said."""
        return (self._folder / f"pod-{index}" / "log.txt").read_text()

    def signal(self, index: int, number: signal.Signals) -> None:
        """Send a signal to a pod and, where the kernel would not let them go on, to its devices' processes."""
        for one in [*list_children(self.processes[index].pid), self.processes[index].pid]:
            os.kill(one, number)


def list_children(process_id: int) -> list[int]:
    """Return the processes that a process started."""
    folder = pathlib.Path(f"/proc/{process_id}/task")
    return [int(child) for path in folder.glob("*/children") for child in path.read_text().split()]


def wait_for(is_so: Callable[[], bool]) -> None:
    """Wait until something is so, not for ever."""
    deadline = time.monotonic() + STOP_SECONDS
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@contextmanager
def held_pods(folder: pathlib.Path) -> Iterator[Pods]:
    """Yield pods that are all gone afterwards."""
    pods = Pods(folder)
    try:
        yield pods
    finally:
        for index, one in pods.processes.items():
            if one.poll() is None:
                pods.signal(index, signal.SIGKILL)
            one.wait()
