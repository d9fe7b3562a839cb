"""Who may call a cluster's server by a key; tokens are tested on a real API server, in tests/faults."""

import asyncio
import http.server
import json
import logging
import pathlib
import threading
import time
from collections.abc import Iterator
from typing import Final

import pytest
from kubernetes.aio.client import Configuration
from starlette.requests import Request

from darkroom_server.auth import cluster
from darkroom_server.auth.cluster import ClusterAdmission
from darkroom_server.auth.keys import KeysUnusable
from darkroom_server.auth.reviews import REVIEWS_AT_ONCE, Reviews
from darkroom_server.backends.kubernetes_api import KubernetesApi
from darkroom_server.http.problems import Problem

FIRST, SECOND = "first-key-0123456789", "second-key-0123456789"


def a_request(*headers: tuple[str, str]) -> Request:
    encoded = [(name.encode(), value.encode()) for name, value in headers]
    return Request({"type": "http", "query_string": b"", "headers": encoded, "path": "/", "method": "GET"})


def admit(admission: ClusterAdmission, *headers: tuple[str, str]) -> str:
    """Return the namespace of who calls with these headers, else the status of the refusal."""
    try:
        return asyncio.run(admission.admit(a_request(*headers), "get", "Model")).namespace
    except Problem as problem:
        return str(problem.status)


@pytest.fixture
def folder(tmp_path: pathlib.Path) -> pathlib.Path:
    (tmp_path / "vision.app").write_text(FIRST)
    (tmp_path / "retail.app").write_text(SECOND)
    return tmp_path


@pytest.mark.parametrize(
    ("headers", "outcome"),
    [
        ([("ocp-apim-subscription-key", FIRST)], "vision"),
        ([("ocp-apim-subscription-key", SECOND)], "retail"),
        ([("prediction-key", FIRST)], "vision"),
        ([("ocp-apim-subscription-key", FIRST), ("authorization", "Bearer x")], "vision"),
        ([("ocp-apim-subscription-key", "wrong")], "401"),
        ([("ocp-apim-subscription-key", "")], "401"),
        ([("authorization", "Bearer x")], "401"),
        ([], "401"),
    ],
    ids=["a key", "another namespace's", "Custom Vision's", "a key beside a token", "a wrong key", "an empty key",
         "a token where none is taken", "nothing"],
)  # fmt: skip
def test_a_key_opens_its_namespace_and_everything_else_nothing(
    folder: pathlib.Path, headers: list[tuple[str, str]], outcome: str
) -> None:
    assert admit(ClusterAdmission(folder, None, ()), *headers) == outcome


def test_a_key_counts_before_a_token_and_a_token_needs_the_api_server(folder: pathlib.Path) -> None:
    async def story() -> list[str]:
        api = KubernetesApi(Configuration(host="http://127.0.0.1:1"))
        admission, outcomes = ClusterAdmission(folder, Reviews(api), ()), []
        token = ("authorization", "Bearer x")
        for headers in ((("ocp-apim-subscription-key", FIRST), token), (token,)):
            try:
                outcomes.append((await admission.admit(a_request(*headers), "get", "Model")).namespace)
            except Problem as problem:
                outcomes.append(str(problem.status))
        await api.close()
        return outcomes

    assert asyncio.run(story()) == ["vision", "503"]


def test_changed_keys_are_taken_over_and_unusable_ones_leave_the_former(
    folder: pathlib.Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(cluster, "LOOK_SECONDS", 0.01)
    admission, seen = ClusterAdmission(folder, None, ()), []

    async def story() -> None:
        following = asyncio.create_task(admission.follow_keys())
        for text in ("rotated-key-0123456789", "short"):
            (folder / "vision.app").write_text(text)
            await asyncio.sleep(0.3)
            for key in (FIRST, "rotated-key-0123456789"):
                try:
                    request = a_request(("ocp-apim-subscription-key", key))
                    seen.append((await admission.admit(request, "get", "Model")).namespace)
                except Problem as problem:
                    seen.append(str(problem.status))
        following.cancel()

    with caplog.at_level(logging.ERROR):
        asyncio.run(story())
    assert seen == ["401", "vision", "401", "vision"]
    assert "the keys stay as they were" in caplog.text
    assert "vision.app" in caplog.text
    assert "short" not in caplog.text


def test_a_server_does_not_start_with_keys_that_cannot_be_used(folder: pathlib.Path) -> None:
    (folder / "vision.app").write_text("short")
    with pytest.raises(KeysUnusable, match=r"vision\.app"):
        ClusterAdmission(folder, None, ())


class _AllowingApiServer(http.server.BaseHTTPRequestHandler):
    """An API server that knows every token, and lets its user do everything."""

    STATUS: Final = {"authenticated": True, "user": {"username": "anna"}, "allowed": True}
    asked: Final[list[int]] = []
    """How many questions were open when one was asked."""
    num_open = 0
    lock: Final = threading.Lock()

    def do_POST(self) -> None:
        """Answer a review."""
        with self.lock:
            _AllowingApiServer.num_open += 1
            self.asked.append(self.num_open)
        time.sleep(0.02)
        with self.lock:
            _AllowingApiServer.num_open -= 1
        self.rfile.read(int(self.headers["Content-Length"]))
        body = json.dumps({"status": self.STATUS}).encode()
        self.send_response(201)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def api_server() -> Iterator[str]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _AllowingApiServer) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.mark.parametrize(
    ("namespace", "outcome"),
    [("vision", "vision"), ("", "400"), ("a/../b", "400"), ("A" * 5000, "400"), ("a b", "400"), ("a%0Ab", "400")],
)
def test_a_token_opens_only_what_can_be_a_namespace(api_server: str, namespace: str, outcome: str) -> None:
    async def story() -> str:
        api = KubernetesApi(Configuration(host=api_server))
        request = a_request(("authorization", "Bearer x"))
        request.scope["query_string"] = f"namespace={namespace}".encode()
        try:
            return (await ClusterAdmission(None, Reviews(api), ()).admit(request, "get", "Model")).namespace
        except Problem as problem:
            return str(problem.status)
        finally:
            await api.close()

    assert asyncio.run(story()) == outcome


def test_made_up_tokens_leave_connections_to_the_api_server_free(api_server: str) -> None:
    async def story() -> None:
        api = KubernetesApi(Configuration(host=api_server))
        reviews = Reviews(api)
        await asyncio.gather(*(reviews.find_user(f"token-{number}") for number in range(3 * REVIEWS_AT_ONCE)))
        await api.close()

    _AllowingApiServer.asked.clear()
    asyncio.run(story())
    assert len(_AllowingApiServer.asked) == 3 * REVIEWS_AT_ONCE
    assert max(_AllowingApiServer.asked) <= REVIEWS_AT_ONCE
