"""containerd: its configuration, calls to it, and the removal of what its containers leave on the machine.

Only shims that carry our own socket in their command line, and mounts below our own folder, are ever touched.
"""

import json
import signal
import subprocess
from pathlib import Path

from hack.localcluster.host import processes
from hack.localcluster.state import State

NAMESPACE = "k8s.io"
SNAPSHOTTER = "overlayfs"
PLUGIN = 'plugins."io.containerd.grpc.v1.cri"'
CGROUPS = Path("/sys/fs/cgroup")


def configuration(state: State, sandbox_image: str, network_folder: Path) -> str:
    """TOML takes strings as JSON writes them."""
    sections: dict[str, dict[str, object]] = {
        "": {"version": 2, "root": str(state.containerd / "root"), "state": str(state.containerd / "state")},
        "[grpc]": {"address": str(state.socket)},
        # Not every machine lets root lower an OOM score.
        f"[{PLUGIN}]": {"sandbox_image": sandbox_image, "restrict_oom_score_adj": True},
        f"[{PLUGIN}.containerd.runtimes.runc]": {"runtime_type": "io.containerd.runc.v2"},
        f"[{PLUGIN}.cni]": {"bin_dir": "/usr/lib/cni", "conf_dir": str(network_folder)},
    }
    lines = []
    for header, values in sections.items():
        lines += [header] + [f"{key} = {json.dumps(value)}" for key, value in values.items()]
    return "\n".join(lines).strip() + "\n"


def write_configuration(state: State, sandbox_image: str, network_folder: Path) -> None:
    (state.cluster / "containerd.toml").write_text(configuration(state, sandbox_image, network_folder))


def ctr(state: State, *arguments: str) -> str:
    command = ["ctr", "-a", str(state.socket), "-n", NAMESPACE, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def is_answering(state: State) -> bool:
    command = ["ctr", "-a", str(state.socket), "--connect-timeout", "1s", "version"]
    return subprocess.run(command, capture_output=True).returncode == 0


def image_digests(state: State) -> dict[str, str]:
    """Each image's name and the digest of its manifest."""
    rows = [line.split() for line in ctr(state, "images", "ls").splitlines()[1:]]
    return {row[0]: row[2] for row in rows}


def process_ids() -> list[int]:
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]


def parent(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    except (FileNotFoundError, ProcessLookupError):
        return 0


def shims(state: State) -> list[int]:
    def is_ours(command: list[str]) -> bool:
        return bool(command) and Path(command[0]).name.startswith("containerd-shim") and str(state.socket) in command

    return [pid for pid in process_ids() if is_ours(processes.command_line(pid))]


def descendants(roots: list[int]) -> list[int]:
    children: dict[int, list[int]] = {}
    for pid in process_ids():
        children.setdefault(parent(pid), []).append(pid)
    found, frontier = [], list(roots)
    while frontier:
        frontier = [child for pid in frontier for child in children.get(pid, [])]
        found += frontier
    return found


def kill_containers(state: State) -> int:
    """End every container of ours and then its shim; how many shims there were."""
    ours = shims(state)
    for group in (descendants(ours), ours):
        for pid in group:
            processes.send(pid, signal.SIGKILL)
        processes.wait_gone(group, 3)
    return len(ours)


def mounts_below(folder: Path) -> list[str]:
    points = [line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()]
    decoded = [point.encode().decode("unicode_escape") for point in points]
    return sorted((point for point in decoded if Path(point).is_relative_to(folder)), key=len, reverse=True)


def unmount_leftovers(state: State) -> int:
    leftovers = mounts_below(state.cluster)
    for point in leftovers:
        subprocess.run(["umount", "-l", point], capture_output=True)
    return len(leftovers)


def remove_empty_cgroups() -> None:
    """A cgroup with a process in it cannot be removed, so this takes only what is dead."""
    for tree in [CGROUPS, *CGROUPS.iterdir()] if CGROUPS.exists() else []:
        groups = [tree / "kubepods", *(tree / "kubepods").rglob("*")] if (tree / "kubepods").exists() else []
        for group in sorted((group for group in groups if group.is_dir()), key=lambda path: -len(path.parts)):
            try:
                group.rmdir()
            except OSError:
                continue
