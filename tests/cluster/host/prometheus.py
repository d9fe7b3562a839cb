"""A real Prometheus server that scrapes the addresses it is given.

They come from a file that it watches: Debian builds Prometheus without its Kubernetes discovery.
"""

import contextlib
import json
import pathlib
import subprocess
import time
import urllib.parse
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from bench.clusters.ports import find_free_port
from tests.cluster.host.pages import read_page


@dataclass(frozen=True)
class Prometheus:
    """A running server, and the file that tells it what to scrape."""

    address: str
    targets: pathlib.Path

    def scrape(self, address: str, role: str) -> None:
        """Scrape one more address; its series carry the label `role`."""
        known = json.loads(self.targets.read_text())
        fresh = self.targets.with_suffix(".new")
        fresh.write_text(json.dumps([*known, {"targets": [address], "labels": {"role": role}}]))
        fresh.replace(self.targets)

    def query(self, expression: str) -> list[dict[str, Any]]:
        """Return the series that an expression gives now; fails where the server refuses it."""
        status, body = read_page(f"{self.address}/api/v1/query?{urllib.parse.urlencode({'query': expression})}")
        assert status == 200, body
        result: list[dict[str, Any]] = json.loads(body)["data"]["result"]
        return result

    def value(self, expression: str) -> float:
        """Return the value of the one series that an expression gives."""
        series = self.query(expression)
        assert len(series) == 1, f"{expression}: {len(series)} series"
        return float(series[0]["value"][1])


@contextlib.contextmanager
def run_prometheus(program: str, folder: pathlib.Path) -> Iterator[Prometheus]:
    """Run a server that keeps its files in `folder`, for as long as the block lasts."""
    targets, config, log = folder / "targets.json", folder / "prometheus.yml", folder / "prometheus.log"
    targets.write_text("[]")
    config.write_text(json.dumps(build_config(targets)))
    server = Prometheus(f"http://127.0.0.1:{find_free_port()}", targets)
    command = [program, f"--config.file={config}", f"--storage.tsdb.path={folder / 'data'}"]
    command.append(f"--web.listen-address={server.address.removeprefix('http://')}")
    with log.open("w") as output, subprocess.Popen(command, stdout=output, stderr=output) as process:
        try:
            _wait_until_ready(f"{server.address}/-/ready", log)
            yield server
        finally:
            process.terminate()


def build_config(targets: pathlib.Path) -> dict[str, Any]:
    """Return a configuration that scrapes what stands in a file, every second."""
    job = {
        "job_name": "darkroom",
        "scrape_interval": "1s",
        "scrape_timeout": "1s",
        "file_sd_configs": [{"files": [str(targets)]}],
    }
    return {"scrape_configs": [job]}


def _wait_until_ready(address: str, log: pathlib.Path) -> None:
    deadline = time.monotonic() + 30
    while read_page(address)[0] != 200:
        if time.monotonic() > deadline:
            pytest.fail(f"Prometheus did not start:\n{log.read_text()[-2000:]}")
        time.sleep(0.2)
