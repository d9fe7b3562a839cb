"""Processes that this tool started: their records, their logs, and who else holds a port.

A record names a process by its id, its start time and the boot, so that a reused id or a record from before a reboot is
never taken for ours. Nothing without such a record is ever signalled from here.
"""

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from hack.localcluster.state import State

LOG_LIMIT_BYTES = 20_000_000
LISTENING = "0A"


@dataclass(frozen=True)
class Record:
    pid: int
    started_ticks: int
    boot: str


def boot_id() -> str:
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()


def started_ticks(pid: int) -> int | None:
    """None for a process that is gone, or dead and not yet waited for."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return None if fields[0] in "ZX" else int(fields[19])


def command_line(pid: int) -> list[str]:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").split("\0")[:-1]
    except (FileNotFoundError, ProcessLookupError):
        return []


def record_path(state: State, name: str) -> Path:
    return state.run / f"{name}.json"


def running(state: State, name: str) -> int | None:
    """The id of the component's process, or None when it does not run."""
    try:
        record = Record(**json.loads(record_path(state, name).read_text()))
    except (FileNotFoundError, ValueError, TypeError):
        return None
    alive = record.boot == boot_id() and started_ticks(record.pid) == record.started_ticks
    return record.pid if alive else None


def start(state: State, name: str, command: list[str], environment: dict[str, str] | None = None) -> None:
    path = state.log / f"{name}.log"
    if path.exists() and path.stat().st_size > LOG_LIMIT_BYTES:
        path.replace(path.with_suffix(".log.1"))
    with path.open("ab") as log:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env={**os.environ, **(environment or {})},
            cwd=state.cluster,
            start_new_session=True,
        )
    record = Record(process.pid, started_ticks(process.pid) or 0, boot_id())
    record_path(state, name).write_text(json.dumps(asdict(record)))


def wait_gone(pids: Iterable[int], seconds: float) -> list[int]:
    """Those that are still there when the time is up."""
    deadline = time.monotonic() + seconds
    remaining = list(pids)
    while remaining and time.monotonic() < deadline:
        remaining = [pid for pid in remaining if started_ticks(pid) is not None]
        time.sleep(0.05)
    return remaining


def send(pid: int, number: signal.Signals) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        pass


def stop(state: State, names: Iterable[str], seconds: float = 4) -> list[str]:
    """Stop the named components together; the names of those that did run."""
    found = {name: pid for name in names if (pid := running(state, name)) is not None}
    for pid in found.values():
        send(pid, signal.SIGTERM)
    for pid in wait_gone(found.values(), seconds):
        send(pid, signal.SIGKILL)
    wait_gone(found.values(), 2)
    for name in found:
        record_path(state, name).unlink(missing_ok=True)
    return list(found)


def log_tail(state: State, name: str, lines: int = 8) -> str:
    path = state.log / f"{name}.log"
    text = path.read_bytes()[-20_000:].decode(errors="replace") if path.exists() else ""
    return "\n".join(text.splitlines()[-lines:])


def listening_sockets(port: int) -> set[str]:
    inodes = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        for line in Path(table).read_text().splitlines()[1:] if Path(table).exists() else []:
            fields = line.split()
            if fields[3] == LISTENING and int(fields[1].rpartition(":")[2], 16) == port:
                inodes.add(f"socket:[{fields[9]}]")
    return inodes


def holds(pid: str, sockets: set[str]) -> bool:
    try:
        return any(os.readlink(entry.path) in sockets for entry in os.scandir(f"/proc/{pid}/fd"))
    except OSError:
        return False


def holder(port: int) -> str | None:
    """Who listens on a port, in words, or None when nobody does."""
    sockets = listening_sockets(port)
    if not sockets:
        return None
    for pid in filter(str.isdigit, os.listdir("/proc")):
        if holds(pid, sockets):
            return f"process {pid} ({Path(command_line(int(pid))[0]).name})"
    return "a process that cannot be seen from here"
