"""A cluster's back end without its cluster; with one it is tested in tests/faults/test_server_backend.py."""

import asyncio
import pathlib
from collections.abc import Awaitable, Callable

import pytest
from kubernetes.aio.client import Configuration

from darkroom_server.backends.backend import NotThere, Refused, Unavailable
from darkroom_server.backends.kubernetes_api import KubernetesApi
from darkroom_server.backends.kubernetes_backend import KubernetesBackend
from darkroom_server.config_file import ClusterSection, StorageSection
from tests.support.server.models import a_stored_model

NOBODY = "http://127.0.0.1:1"


def with_backend(act: Callable[[KubernetesBackend], Awaitable[object]], config: ClusterSection | None = None) -> None:
    """Let `act` use a back end whose API server does not answer."""

    async def run() -> None:
        api = KubernetesApi(Configuration(host=NOBODY))
        try:
            await act(KubernetesBackend(api, config or ClusterSection(), lambda _: None))
        finally:
            await api.close()

    asyncio.run(run())


def test_an_api_server_that_does_not_answer_is_unavailable_and_named() -> None:
    with pytest.raises(Unavailable, match="Model shelf: the API server does not answer"):
        with_backend(lambda backend: backend.find("Model", "vision", "shelf"))


def test_a_server_without_a_login_says_where_it_looked(tmp_path: pathlib.Path) -> None:
    with pytest.raises(Unavailable, match=r"cannot log in to the API server with .*absent"):
        asyncio.run(KubernetesApi.connect(str(tmp_path / "absent")))


@pytest.mark.parametrize(
    ("digest", "storage", "problem", "words"),
    [
        (None, (), NotThere, "it has no artifacts"),
        ("sha256:0", (), Refused, "no entry of server.storage has a prefix"),
        (
            "sha256:0",
            (StorageSection(credentials_folder="/nowhere"),),
            Refused,
            "server.storage of s3://: .*AWS_ACCESS_KEY_ID",
        ),
        ("sha256:0", (StorageSection(endpoint="http://127.0.0.1:1"),), Refused, "loopback"),
    ],
    ids=["no artifacts", "no storage", "no credentials", "a forbidden endpoint"],
)
def test_artifacts_that_cannot_be_reached_are_refused_with_what_to_change(
    digest: str | None,
    storage: tuple[StorageSection, ...],
    problem: type[Exception],
    words: str,
    tmp_path: pathlib.Path,
) -> None:
    model = a_stored_model(digest=digest)
    with pytest.raises(problem, match=words):
        with_backend(
            lambda backend: backend.fetch_artifacts(model, ["model.onnx"], tmp_path), ClusterSection(storage=storage)
        )
