"""The process of a pod, on a clock that the bench chooses.

Owns what is different in it from a pod's: its code is loaded before, and a silent pod is lost after seconds. What is
different in index 0 alone is `leading`'s. Must not judge.
"""

import contextlib
import os
import pathlib
import signal
import sys
import threading
from typing import Final
from unittest import mock

from bench.node_kills import leading
from bench.node_kills.verdicts import ClockKind
from darkroom_api import names
from darkroom_trainer.commands import process
from darkroom_trainer.parallel.nodes import channel

SILENT_SECONDS: Final = 8.0
BEAT_SECONDS: Final = 1.0
"""Both about a quarter of what they are in a cluster."""


def run_pod(place: pathlib.Path, clock: ClockKind, variables: dict[str, str], arguments: list[str]) -> None:
    """Be a pod, in a new process: a group of its own on one CPU, with these environment variables; ends the process."""
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda _number, _frame: stop.set())
    os.setsid()
    os.environ.update(variables)
    log = os.open(place / "log", os.O_WRONLY | os.O_CREAT)
    for number in (1, 2):
        os.dup2(log, number)
    index = int(variables[names.INDEX_VARIABLE])
    cpus = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {cpus[index % len(cpus)]})
    with (
        mock.patch.object(channel, "SILENT_SECONDS", SILENT_SECONDS),
        mock.patch.object(channel, "BEAT_SECONDS", BEAT_SECONDS),
        contextlib.nullcontext() if index else leading.leading(place, clock),
    ):
        code = process.run_process(arguments, stop)
    sys.stdout.flush()
    os._exit(code)
