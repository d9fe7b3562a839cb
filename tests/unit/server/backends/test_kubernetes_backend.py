"""A cluster's back end without its cluster; with one it is tested in tests/faults/test_server_backend.py."""

import asyncio
import pathlib
from collections.abc import Awaitable, Callable

import pytest
from kubernetes.aio.client import Configuration

from darkroom_api.names import KEY_PAIR
from darkroom_api.v1alpha1.common import Task
from darkroom_server.backends.backend import NotOffered, NotThere, Refused, Unavailable
from darkroom_server.backends.kubernetes_api import KubernetesApi
from darkroom_server.backends.kubernetes_backend import KubernetesBackend
from darkroom_server.config_file import ClusterSection, StorageSection
from darkroom_storage.objects import Storage
from tests.certificate import HOST
from tests.support.server.images import Handler, serving_images
from tests.support.server.models import a_stored_model, write_model
from tests.support.storage.held_storage import HeldStorage
from tests.support.storage.tls_door import open_door

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


def test_credentials_that_change_on_disk_are_used_without_a_restart(tmp_path: pathlib.Path) -> None:
    """No bucket answers there: the key that a request is signed with shows in its header."""
    signed: list[str] = []

    def note(handler: Handler) -> None:
        signed.append(handler.headers["Authorization"].partition("Credential=")[2].partition("/")[0])
        handler.send_error(404)

    async def fetch(backend: KubernetesBackend, key: str) -> None:
        for name in KEY_PAIR:
            (tmp_path / name).write_text(key)
        with pytest.raises(NotThere):
            await backend.fetch_artifacts(a_stored_model(), ["model.onnx"], tmp_path)

    async def rotate(backend: KubernetesBackend) -> None:
        for key in ("former", "former", "rotated"):
            await fetch(backend, key)

    with serving_images({"/vision/fruit/artifacts.json": note}) as host:
        section = HeldStorage(endpoint=host.url, credentials_folder=str(tmp_path))
        with_backend(rotate, ClusterSection(storage=(section,)))
    assert signed == ["former", "former", "rotated"]


def test_artifacts_behind_a_private_authority_are_read_by_the_certificate_in_the_secret(
    storage: Storage, s3_endpoint: str, tmp_path: pathlib.Path
) -> None:
    digest = write_model(tmp_path / "model", Task.CLASSIFIER)
    for path in (tmp_path / "model").iterdir():
        storage.upload(path, f"s3://vision/fruit/{path.name}")
    (tmp_path / "secret").mkdir()
    (tmp_path / "fetched").mkdir()
    model, host, port = a_stored_model(digest=digest), *s3_endpoint.removeprefix("http://").split(":")

    async def fetch(backend: KubernetesBackend) -> None:
        await backend.fetch_artifacts(model, ["model.onnx"], tmp_path / "fetched")

    with open_door(tmp_path, (host, int(port)), HOST, "127.0.0.1") as (door, certificate):
        section = HeldStorage(endpoint=door, region="us-east-1", credentials_folder=str(tmp_path / "secret"))
        for key in KEY_PAIR:
            (tmp_path / "secret" / key).write_text("key")
        with pytest.raises(Refused, match=r"whose certificate is not trusted.* as key ca\.crt of the Secret"):
            with_backend(fetch, ClusterSection(storage=(section,)))
        (tmp_path / "secret" / "ca.crt").write_text(certificate)
        with_backend(fetch, ClusterSection(storage=(section,)))
    assert (tmp_path / "fetched" / "model.onnx").read_bytes() == (tmp_path / "model" / "model.onnx").read_bytes()


@pytest.mark.parametrize(
    ("namespace", "uri"),
    [
        ("vision", "s3://models/vision/fruit/previews/000001.jpg"),
        ("other", "s3://pictures/team/a.png"),
        ("vision-2", "s3://pictures/team/a.png"),
        ("vision", "s3://pictures/team/private/a.png"),
        ("vision", "s3://pictures/team/../a.png"),
        ("vision", "s3://pictures/a.png"),
        ("vision", "file:///etc/passwd"),
    ],
    ids=["artifacts", "another namespace", "a longer name", "a longer prefix", "a folder above", "no entry", "a file"],
)
def test_an_image_of_a_bucket_is_read_for_the_namespaces_that_the_administrator_names_only(
    namespace: str, uri: str
) -> None:
    storage = (
        StorageSection(prefix="s3://models/"),
        StorageSection(prefix="s3://pictures/team/", image_namespaces=("vision", "team-*")),
        StorageSection(prefix="s3://pictures/team/private/"),
    )
    with pytest.raises(Refused, match=f"may not read images there for namespace {namespace}; .* imageNamespaces"):
        with_backend(lambda backend: backend.read_image(namespace, uri, 1000), ClusterSection(storage=storage))


@pytest.mark.parametrize("namespace", ["vision", "team-a"])
def test_an_image_of_a_bucket_that_is_opened_to_a_namespace_is_read(namespace: str) -> None:
    """Here it is found out by the endpoint, which nobody may connect to."""
    section = StorageSection(
        prefix="s3://pictures/", endpoint="http://127.0.0.1:1", image_namespaces=("vision", "team-*")
    )
    with pytest.raises(Refused, match="loopback"):
        with_backend(
            lambda backend: backend.read_image(namespace, "s3://pictures/a.png", 1000),
            ClusterSection(storage=(section,)),
        )


def test_runs_are_kept_where_the_administrator_says_and_nowhere_else() -> None:
    async def open_runs(backend: KubernetesBackend) -> None:
        backend.open_runs()

    with pytest.raises(NotOffered, match=r"server\.runs\.uri"):
        with_backend(open_runs)
    section = StorageSection(prefix="s3://runs/", credentials_folder="/nowhere")
    with pytest.raises(Refused, match=r"server\.storage of s3://runs/: .*AWS_ACCESS_KEY_ID"):
        with_backend(open_runs, ClusterSection(storage=(section,), runs_uri="s3://runs/darkroom"))
