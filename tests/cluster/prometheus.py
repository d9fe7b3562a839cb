"""A real Prometheus server that finds operator and trainer pods through the API server and scrapes them."""

import contextlib
import json
import pathlib
import shutil
import socket
import subprocess
import time
import urllib.parse
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import yaml

from tests.cluster.installation import read_http


@dataclass(frozen=True)
class Prometheus:
    """A running server."""

    address: str

    def query(self, expression: str) -> list[dict[str, Any]]:
        """Return the series that an expression gives now; fails where the server refuses it."""
        status, body = read_http(f"{self.address}/api/v1/query?{urllib.parse.urlencode({'query': expression})}")
        assert status == 200, body
        result: list[dict[str, Any]] = json.loads(body)["data"]["result"]
        return result

    def value(self, expression: str) -> float:
        """Return the value of the one series that an expression gives."""
        series = self.query(expression)
        assert len(series) == 1, f"{expression}: {len(series)} series"
        return float(series[0]["value"][1])


@contextlib.contextmanager
def run_prometheus(folder: pathlib.Path, kubeconfig: pathlib.Path, namespaces: list[str]) -> Iterator[Prometheus]:
    """Run a server that scrapes the pods of `namespaces` every second for as long as the block lasts."""
    program = shutil.which("prometheus")
    if program is None:
        pytest.fail("there is no prometheus here: apt-get install prometheus")
    config = folder / "prometheus.yml"
    config.write_text(yaml.safe_dump(build_config(kubeconfig, namespaces)))
    address = f"127.0.0.1:{_find_free_port()}"
    command = [program, f"--config.file={config}", f"--storage.tsdb.path={folder / 'data'}"]
    command.append(f"--web.listen-address={address}")
    with (folder / "prometheus.log").open("w") as log, subprocess.Popen(command, stdout=log, stderr=log) as process:
        try:
            _wait_until_ready(f"http://{address}/-/ready", folder / "prometheus.log")
            yield Prometheus(f"http://{address}")
        finally:
            process.terminate()


def build_config(kubeconfig: pathlib.Path, namespaces: list[str]) -> dict[str, Any]:
    """Return a configuration that scrapes every port named `metrics` or `report` of the pods of Darkroom."""
    found = {"role": "pod", "kubeconfig_file": str(kubeconfig), "namespaces": {"names": namespaces}}
    ports = {
        "source_labels": ["__meta_kubernetes_pod_container_port_name"],
        "regex": "metrics|report",
        "action": "keep",
    }
    running = {"source_labels": ["__meta_kubernetes_pod_phase"], "regex": "Running", "action": "keep"}
    namespace = {"source_labels": ["__meta_kubernetes_namespace"], "target_label": "kubernetes_namespace"}
    job = {
        "job_name": "darkroom",
        "scrape_interval": "1s",
        "scrape_timeout": "1s",
        "kubernetes_sd_configs": [found],
        "relabel_configs": [ports, running, namespace],
    }
    return {"scrape_configs": [job]}


def _find_free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait_until_ready(address: str, log: pathlib.Path) -> None:
    deadline = time.monotonic() + 30
    while read_http(address)[0] != 200:
        if time.monotonic() > deadline:
            pytest.fail(f"Prometheus did not start:\n{log.read_text()[-2000:]}")
        time.sleep(0.2)
