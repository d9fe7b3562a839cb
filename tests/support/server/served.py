"""`darkroom serve --local` as a process of its own. Owns no expectation."""

import pathlib
import subprocess
import sys
import time
from typing import Any

import requests

from bench.clusters.ports import find_free_port

START_SECONDS = 60.0


class Served:
    """The process, and its clients."""

    def __init__(self, state: pathlib.Path, data: pathlib.Path, *flags: str) -> None:
        port = find_free_port()
        flags = ("--local", str(state), "--port", str(port), "--allow-folder", str(data), *flags)
        self.address = f"http://127.0.0.1:{port}"
        self.process = subprocess.Popen([sys.executable, "-m", "darkroom_trainer.command", "serve", *flags])
        self._key_file = state / "key"
        ends_at = time.monotonic() + START_SECONDS
        while not self._answers():
            assert time.monotonic() < ends_at
            assert self.process.poll() is None
            time.sleep(0.1)

    def _answers(self) -> bool:
        try:
            return requests.get(f"{self.address}/v2/health/live", timeout=5).ok
        except requests.ConnectionError:
            return False

    @property
    def key(self) -> str:
        """Return the key that opens the server."""
        return self._key_file.read_text().strip()

    def client(self, kind: Any) -> Any:
        """Return one of the samples' clients."""
        return kind("multi_service_account", None, self.address, self.key)

    def kill(self) -> None:
        """End the process without a word."""
        self.process.kill()
        self.process.wait()

    def stop(self) -> None:
        """End it as a user would."""
        self.process.terminate()
        self.process.wait(40)
