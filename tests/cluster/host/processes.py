"""The processes of a pod, seen from the node: they are found by their control group, named after the pod's uid."""

import os
import pathlib
import signal

from tests.cluster.api.connection import Manifest

_NOT_THE_POD_S: tuple[bytes, ...] = (b"/pause", b"runc")


def kill_processes(pod: Manifest, number: signal.Signals = signal.SIGKILL) -> list[int]:
    """Send a signal to every process in a pod's containers, but the sandbox's own; return which ones."""
    killed = []
    for process in _find_processes(pod):
        try:
            os.kill(int(process.name), number)
        except ProcessLookupError:
            continue
        killed.append(int(process.name))
    return killed


def read_mounts(pod: Manifest) -> str:
    """Return what a running pod's first process has mounted, as the kernel lists it."""
    return (_find_processes(pod)[0] / "mountinfo").read_text()


def _find_processes(pod: Manifest) -> list[pathlib.Path]:
    uid = pod["metadata"]["uid"]
    entries = (entry for entry in pathlib.Path("/proc").iterdir() if entry.name.isdigit())
    return [entry for entry in entries if _belongs_to(entry, uid)]


def _belongs_to(process: pathlib.Path, uid: str) -> bool:
    try:
        is_inside = f"pod{uid}" in (process / "cgroup").read_text()
        command = (process / "cmdline").read_bytes()
    except OSError:  # the process ended meanwhile
        return False
    return is_inside and not command.startswith(_NOT_THE_POD_S)
