"""A server's process: the API and the probes, from its start to a signal."""

import asyncio
import contextlib
import os
import pathlib
import signal
import threading
import time
import urllib.error
import urllib.request

import pytest

from bench.clusters.ports import find_free_port
from darkroom_api.v1alpha1.common import Task
from darkroom_server.auth.keys import Key, KeyAdmission
from darkroom_server.backends.one_model import NAMESPACE, OneModel, open_model
from darkroom_server.config import ServerConfig
from darkroom_server.metrics import ServerMetrics
from darkroom_server.running.process import Terms, run_process
from tests.support.server.models import draw, write_model
from tests.support.server.parts import KEY
from tests.support.server.running import send

ANALYZE = "/computervision/imageanalysis:analyze?api-version=2023-04-01-preview&model-name=shelf"


def read_status(url: str) -> int:
    """Return the HTTP status, 0 where nothing answers."""
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as refusal:
        return refusal.code
    except OSError:
        return 0


def test_a_process_told_to_stop_is_no_longer_ready_and_still_answers(tmp_path: pathlib.Path) -> None:
    write_model(tmp_path, Task.CLASSIFIER)
    terms = Terms(port=find_free_port(), probe_port=find_free_port(), linger_seconds=1.5, grace_seconds=5)
    ready, api = f"http://127.0.0.1:{terms.probe_port}/readyz", f"http://127.0.0.1:{terms.port}"
    headers = {"Ocp-Apim-Subscription-Key": KEY, "Content-Type": "image/png"}
    seen: list[int] = []

    def watch() -> None:
        deadline = time.monotonic() + 20
        while read_status(ready) != 200 and time.monotonic() < deadline:
            time.sleep(0.05)
        seen.append(send(api, ANALYZE, draw(fill="red"), headers).status)
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(0.5)
        seen.append(read_status(ready))
        seen.append(send(api, ANALYZE, draw(fill="red"), headers).status)

    watcher = threading.Thread(target=watch)
    watcher.start()
    backend, admission = OneModel(open_model(tmp_path, "shelf")), KeyAdmission([Key("test", NAMESPACE, KEY)])
    asyncio.run(run_process(backend, admission, ServerConfig(), ServerMetrics(), terms))
    watcher.join(10)
    assert seen == [200, 503, 200]
    assert read_status(ready) == 0


class BrokenBackend(OneModel):
    """Stops keeping up."""

    async def run(self) -> None:
        """Fail."""
        raise RuntimeError("the watch is gone")


def test_a_back_end_that_stops_keeping_up_ends_the_process(tmp_path: pathlib.Path) -> None:
    write_model(tmp_path, Task.CLASSIFIER)
    terms = Terms(port=find_free_port(), probe_port=find_free_port(), linger_seconds=0, grace_seconds=1)
    backend, admission = BrokenBackend(open_model(tmp_path, "shelf")), KeyAdmission([])
    with contextlib.ExitStack() as stack:
        group = stack.enter_context(pytest.raises(ExceptionGroup))
        asyncio.run(run_process(backend, admission, ServerConfig(), ServerMetrics(), terms))
    assert "the watch is gone" in str(group.value.exceptions[0])
