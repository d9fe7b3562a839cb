"""Two operators on one API server: real processes that elect a leader between them.

Owns the processes, and what they say of themselves.
"""

import contextlib
import json
import pathlib
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any, Final

from bench.clusters.ports import find_free_port

NAMESPACE: Final = "two-operators"
LEASE: Final = f"{NAMESPACE}/darkroom"
CONFIG: Final[dict[str, Any]] = {
    "namespaces": [NAMESPACE],
    "trainer": {"image": "played.invalid/trainer:none"},
    "allowedEndpoints": ["http://played.invalid:9000"],
    "trainerPolicy": {"egress": []},
    "defaultComputeClass": "cpu",
    "computeClasses": {"cpu": {"cpu": "10m", "memory": "16Mi"}},
}


class Replica:
    """One operator. It writes as `darkroom-operator/<name>`."""

    def __init__(self, folder: pathlib.Path, kubeconfig: pathlib.Path, name: str) -> None:
        self.name = name
        self.agent = f"darkroom-operator/{name}"
        self._log = folder / f"{name}.log"
        self._port = find_free_port()
        config = folder / "config.json"
        config.write_text(json.dumps(CONFIG))
        ports = ("--health-port", str(self._port), "--metrics-port", str(find_free_port()))
        command = (sys.executable, "-m", "darkroom_operator", "--config", str(config), *ports)
        election = ("--kubeconfig", str(kubeconfig), "--lease", LEASE, "--identity", name)
        with self._log.open("wb") as log:
            self._process = subprocess.Popen([*command, *election], stdout=log, stderr=log)

    @property
    def log(self) -> str:
        """Return the end of what it has printed."""
        return self._log.read_text(errors="replace")[-3000:]

    @property
    def role(self) -> str:
        """Return `leader`, `standby`, or nothing where it is not ready."""
        with contextlib.suppress(OSError):
            address = f"http://127.0.0.1:{self._port}/readyz"
            with urllib.request.urlopen(address, timeout=2) as answer:
                return str(answer.read().decode())
        return ""

    @property
    def health(self) -> int:
        """Return the HTTP status of its liveness probe; 0 where nothing answers."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self._port}/healthz", timeout=2) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            return error.code
        except OSError:
            return 0

    def send(self, number: signal.Signals) -> None:
        """Send a signal."""
        self._process.send_signal(number)

    def wait(self, seconds: float) -> int:
        """Return its exit code once it has ended; raises TimeoutExpired."""
        return self._process.wait(seconds)

    def end(self) -> None:
        """End it, frozen or not."""
        self._process.kill()
        self._process.wait(10)


def write_proxy_kubeconfig(path: pathlib.Path, address: str) -> pathlib.Path:
    """Write a kubeconfig for a proxy that logs in by itself; return its path."""
    contexts = [{"name": "proxy", "context": {"cluster": "proxy", "user": "proxy"}}]
    clusters, users = [{"name": "proxy", "cluster": {"server": address}}], [{"name": "proxy", "user": {}}]
    config = {"clusters": clusters, "users": users, "contexts": contexts, "current-context": "proxy"}
    path.write_text(json.dumps(config))
    return path


@contextlib.contextmanager
def start_replicas(folder: pathlib.Path, kubeconfig: pathlib.Path) -> Iterator[tuple[Replica, Replica]]:
    """Start two; yields first the one that leads."""
    first, second = (Replica(folder, kubeconfig, name) for name in ("one", "two"))
    try:
        wait_until(lambda: sorted((first.role, second.role)) == ["leader", "standby"], 60, lambda: first.log)
        yield (first, second) if first.role == "leader" else (second, first)
    finally:
        first.end()
        second.end()


def wait_until(is_so: Callable[[], bool], seconds: float, tell: Callable[[], str]) -> float:
    """Return after how many seconds it was so; raises TimeoutError with what `tell` says."""
    started = time.monotonic()
    while time.monotonic() - started < seconds:
        if is_so():
            return time.monotonic() - started
        time.sleep(0.1)
    raise TimeoutError(f"not so within {seconds:.0f} s:\n{tell()}")
