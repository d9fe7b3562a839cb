"""The server's process as KServe starts it: one mounted model answers by its name until the process is told to stop."""

import contextlib
import pathlib
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from bench.clusters.ports import find_free_port
from darkroom_api.v1alpha1.common import Task
from tests.support.server.models import draw, write_model
from tests.support.server.running import Answer, send


@dataclass(frozen=True)
class Running:
    """The process and where it listens."""

    process: subprocess.Popen[str]
    api: str
    probes: str


@pytest.fixture
def folder(tmp_path: pathlib.Path) -> pathlib.Path:
    write_model(tmp_path / "models", Task.CLASSIFIER)
    return tmp_path / "models"


@contextlib.contextmanager
def running(folder: pathlib.Path) -> Iterator[Running]:
    ports = find_free_port(), find_free_port()
    command = [
        *(sys.executable, "-m", "darkroom_server", f"--model-folder={folder}", "--model-name=shelf", "--threads=1"),
        *(f"--port={ports[0]}", f"--probe-port={ports[1]}", "--linger-seconds=0", "--grace-seconds=5"),
    ]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    try:
        yield Running(process, *(f"http://127.0.0.1:{port}" for port in ports))
    finally:
        process.kill()
        process.wait(10)


def wait_until_ready(server: Running) -> None:
    deadline = time.monotonic() + 40
    while time.monotonic() < deadline and server.process.poll() is None:
        with contextlib.suppress(OSError):
            urllib.request.urlopen(f"{server.probes}/readyz", timeout=2).close()
            return
        time.sleep(0.1)
    pytest.fail("the server was not ready in 40 s")


def ask(server: Running, name: str) -> Answer:
    path = f"/computervision/imageanalysis:analyze?api-version=2023-04-01-preview&model-name={name}"
    return send(server.api, path, draw(fill="red"), {"Content-Type": "image/png"})


def test_the_mounted_model_answers_without_a_key_and_ends_in_order(folder: pathlib.Path) -> None:
    with running(folder) as server:
        wait_until_ready(server)
        answer = ask(server, "shelf")
        assert answer.status == 200, answer.body
        assert answer.json["customModelResult"]["tagsResult"]["values"][0]["name"] == "red"
        assert ask(server, "other").status == 404
        scraped = urllib.request.urlopen(f"{server.probes}/metrics", timeout=5).read().decode()
        assert 'darkroom_predictions_total{code="200",model="shelf",namespace="default"} 1.0' in scraped
        assert "darkroom_loaded_models 1.0" in scraped
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(20) == 0


@pytest.mark.parametrize("name", ["model.onnx", "artifacts.json"])
def test_a_folder_that_is_no_finished_model_ends_the_process_with_its_reason(folder: pathlib.Path, name: str) -> None:
    (folder / name).write_bytes(b"{}")
    with running(folder) as server:
        _, errors = server.process.communicate(timeout=40)
        assert server.process.returncode == 1
        assert "holds no usable model" in errors
        assert "Traceback" not in errors
