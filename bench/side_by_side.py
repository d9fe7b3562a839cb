"""Measurements in processes of their own, alone or side by side, each on a core of its own, so that none slows another.

Owns the processes and the cores. Must not know what is measured: a process is told what to do by its arguments and
answers with the last line that it prints.
"""

import json
import os
import pathlib
import queue
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from typing import Any


def run_alone(module: str, *words: object, environment: Mapping[str, str] | None = None) -> Any:
    """Run `python -m` with the words; returns the JSON of the last line that it printed, None where it printed none."""
    command = [sys.executable, "-m", module, *map(str, words)]
    done = subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE, text=True)
    lines = done.stdout.strip().splitlines()
    return json.loads(lines[-1]) if lines else None


def read_peak_bytes() -> int:
    """Return the most memory that this process ever held.

    Not `ru_maxrss`, which begins at what the parent held when it started this process.
    """
    status = pathlib.Path("/proc/self/status").read_text()
    return 1024 * int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM:")))


def run_modules(
    calls: Sequence[Sequence[str]], environment: Mapping[str, str], cores: int, most_seconds: float
) -> Iterator[tuple[int, str | None]]:
    """Run `python -m` with each call; yields its place and last line, as they end, or None and says what it said."""
    free: queue.SimpleQueue[int] = queue.SimpleQueue()
    for core in sorted(os.sched_getaffinity(0))[-cores:]:
        free.put(core)

    def run(call: Sequence[str]) -> str | None:
        core = free.get()
        try:
            return _run_on(core, call, environment, most_seconds)
        finally:
            free.put(core)

    with ThreadPoolExecutor(free.qsize()) as pool:
        waiting = {pool.submit(run, call): place for place, call in enumerate(calls)}
        for done in as_completed(waiting):
            yield waiting[done], done.result()


def _run_on(core: int, call: Sequence[str], environment: Mapping[str, str], most_seconds: float) -> str | None:
    command = ["taskset", "--cpu-list", str(core), sys.executable, "-m", *call]
    try:
        done = subprocess.run(
            command, env=dict(environment), capture_output=True, text=True, timeout=most_seconds, check=False
        )
    except subprocess.TimeoutExpired:
        print(f"FAILED {call}: it took more than {most_seconds:g} s", flush=True)
        return None
    if done.returncode:
        print(f"FAILED {call}:\n{done.stderr[-2000:]}", flush=True)
        return None
    return done.stdout.splitlines()[-1]
