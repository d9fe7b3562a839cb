"""The real operator as a process that a test can end and start again.

Owns its configuration, its log and its ports.
"""

import json
import os
import pathlib
import signal
import subprocess
import sys
import time
import urllib.request
from contextlib import suppress
from typing import Any, Final

from bench.clusters.ports import find_free_port

START_SECONDS: Final = 60.0
CONFIG: Final[dict[str, Any]] = {
    "trainer": {"image": "played.invalid/trainer:none"},
    "allowedEndpoints": ["http://played.invalid:9000"],
    "trainerPolicy": {"egress": []},
    "defaultComputeClass": "cpu",
    "computeClasses": {"cpu": {"cpu": "10m", "memory": "16Mi"}},
    "retries": {"backoffSeconds": 1, "maxBackoffSeconds": 2},
    "progressIntervalSeconds": 1,
}


class OperatorProcess:
    """An operator of these namespaces that reaches the API server at `address`."""

    def __init__(self, folder: pathlib.Path, address: str, *namespaces: str) -> None:
        self.starts = 0
        self.environment: dict[str, str] = {}
        """Is added to what every start inherits."""
        self._folder = folder
        self._health = find_free_port()
        self._process: subprocess.Popen[bytes] | None = None
        folder.mkdir(parents=True, exist_ok=True)
        self._config, self._kubeconfig = folder / "config.json", folder / "kubeconfig"
        self._namespaces = namespaces
        self.configure()
        self._kubeconfig.write_text(json.dumps(_build_kubeconfig(address)))

    def configure(self, **changes: object) -> None:
        """Write its configuration, which the next start reads."""
        self._config.write_text(json.dumps({**CONFIG, "namespaces": self._namespaces, **changes}))

    @property
    def log(self) -> str:
        """Return what it has printed so far, over all its lives."""
        return (self._folder / "operator.log").read_text(errors="replace")

    def is_alive(self) -> bool:
        """Return whether the process runs."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start it; it needs a moment until it works."""
        ports = ["--health-port", str(self._health), "--metrics-port", str(find_free_port())]
        command = [sys.executable, "-m", "darkroom_operator", "--config", str(self._config)]
        with (self._folder / "operator.log").open("ab") as log:
            self._process = subprocess.Popen(
                [*command, "--kubeconfig", str(self._kubeconfig), *ports],
                stdout=log,
                stderr=log,
                env={**_environment(), **self.environment},
            )
        self.starts += 1

    def kill(self) -> None:
        """End it as a power cut does."""
        process = self._process  # another thread may start the next one as soon as this one is dead
        if process is not None:
            process.kill()
            process.wait(30)

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal."""
        assert self._process is not None
        self._process.send_signal(number)

    def stop(self) -> None:
        """Ask it to end, as a kubelet does; it has ten seconds."""
        if self._process is None or self._process.poll() is not None:
            return
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self.kill()

    def is_ready(self) -> bool:
        """Return what its readiness probe says."""
        return self._probe("/readyz")

    def is_healthy(self) -> bool:
        """Return what its liveness probe says."""
        return self._probe("/healthz")

    def wait_ready(self) -> None:
        """Wait until it works; raises TimeoutError with the end of its log."""
        end = time.monotonic() + START_SECONDS
        while time.monotonic() < end and self.is_alive():
            if self.is_ready():
                return
            time.sleep(0.1)
        raise TimeoutError(f"the operator ended or was not ready in {START_SECONDS:.0f} s:\n{self.log[-2000:]}")

    def _probe(self, path: str) -> bool:
        with suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{self._health}{path}", timeout=5) as answer:
            return bool(answer.status == 200)
        return False


def _environment() -> dict[str, str]:
    paths = os.pathsep.join(path for path in sys.path if path)
    return {**os.environ, "PYTHONPATH": paths}


def _build_kubeconfig(address: str) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "proxy", "cluster": {"server": address}}],
        "users": [{"name": "proxy", "user": {}}],
        "contexts": [{"name": "proxy", "context": {"cluster": "proxy", "user": "proxy"}}],
        "current-context": "proxy",
    }
