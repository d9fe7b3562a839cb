"""The server's back end and its admission on a real API server: what it keeps, what it writes, whom it believes."""

import asyncio
import contextlib
import itertools
import pathlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, Final

import pytest
from starlette.requests import Request

from bench.clusters.control_plane import USER
from bench.clusters.kubeconfig import write_kubeconfig
from darkroom_api.v1alpha1.dataset import DatasetSpec
from darkroom_operator.api.resources import DATASETS, MODELS, Resource
from darkroom_server.auth.cluster import ClusterAdmission
from darkroom_server.auth.reviews import Reviews
from darkroom_server.backends.backend import AlreadyThere, Changed, NotThere, Refused, Unavailable
from darkroom_server.backends.kubernetes_api import KubernetesApi
from darkroom_server.backends.kubernetes_backend import KubernetesBackend
from darkroom_server.config_file import ClusterSection
from darkroom_server.http.problems import Problem
from tests.faults.cluster import manifests
from tests.faults.cluster.api import NAMESPACES, ROLE_BINDINGS, Json
from tests.faults.cluster.control_plane import FaultCluster
from tests.faults.cluster.wire import Wire, lay_wire

SECRETS: Final = Resource("", "v1", "secrets", "Secret")
ROLES: Final = Resource("rbac.authorization.k8s.io", "v1", "roles", "Role")
TOKEN_URL: Final = "https://vision.blob.core.windows.net/images?sp=rl&sig=signed"  # noqa: S105
_numbers: Final = itertools.count(1)


@pytest.fixture
def namespace(fault_cluster: FaultCluster) -> str:
    """Return a fresh namespace."""
    return make_namespace(fault_cluster)


def make_namespace(cluster: FaultCluster) -> str:
    """Create a namespace; returns its name."""
    name = f"served-{next(_numbers)}"
    cluster.api.create(NAMESPACES, None, {"metadata": {"name": name}})
    return name


@contextlib.asynccontextmanager
async def running(
    cluster: FaultCluster, folder: pathlib.Path, *namespaces: str, unreadable: list[str] | None = None
) -> AsyncIterator[tuple[KubernetesBackend, KubernetesApi, Wire]]:
    """Give a back end that has read everything, over a wire that can be cut."""
    async with lay_wire(cluster.control.port) as wire:
        kubeconfig = folder / "kubeconfig"
        write_kubeconfig(kubeconfig, wire.port, cluster.control.folder / "apiserver.crt", cluster.control.token)
        api = await KubernetesApi.connect(str(kubeconfig))
        told = unreadable if unreadable is not None else []
        backend = KubernetesBackend(api, ClusterSection(namespaces=namespaces), told.append)
        task = asyncio.create_task(backend.run())
        try:
            await until(lambda: backend.is_ready)
            yield backend, api, wire
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            await api.close()


async def until(holds: Callable[[], bool] | Callable[[], Awaitable[bool]], seconds: float = 20) -> None:
    """Wait until something holds."""
    async with asyncio.timeout(seconds):
        while True:
            answer = holds()
            if answer if isinstance(answer, bool) else await answer:
                return
            await asyncio.sleep(0.05)


def test_what_was_written_is_seen_at_once_and_versions_change_with_spec_and_annotations_only(
    fault_cluster: FaultCluster, namespace: str, tmp_path: pathlib.Path
) -> None:
    async def story() -> None:
        async with running(fault_cluster, tmp_path, namespace) as (backend, _, _wire):
            made = await backend.create("Dataset", namespace, manifests.build_dataset("fruit"))
            assert await backend.find("Dataset", namespace, "fruit") == made
            assert await backend.list_all("Dataset", namespace) == [made]
            with pytest.raises(AlreadyThere, match="already exists"):
                await backend.create("Dataset", namespace, manifests.build_dataset("fruit"))
            fault_cluster.api.merge(
                DATASETS, namespace, "fruit", {"status": manifests.build_ready_status()}, subresource="status"
            )
            change = {"metadata": {"annotations": {"darkroom.dev/note": "a"}}, "spec": {"imageRoot": "s3://played/a"}}
            patched = await backend.patch("Dataset", namespace, "fruit", change, made.version)
            assert patched.annotations["darkroom.dev/note"] == "a"
            assert isinstance(patched.spec, DatasetSpec)
            assert patched.spec.image_root == "s3://played/a"
            assert await backend.find("Dataset", namespace, "fruit") == patched
            for act in (
                backend.patch("Dataset", namespace, "fruit", change, made.version),
                backend.delete("Dataset", namespace, "fruit", made.version),
            ):
                with pytest.raises(Changed):
                    await act
            await backend.delete("Dataset", namespace, "fruit", patched.version)
            assert await backend.find("Dataset", namespace, "fruit") is None
            assert await backend.list_all("Dataset", namespace) == []
            with pytest.raises(NotThere):
                await backend.delete("Dataset", namespace, "fruit")
            again = await backend.create("Dataset", namespace, manifests.build_dataset("fruit"))
            assert (await backend.find("Dataset", namespace, "fruit")) == again
            assert again.version != made.version

    asyncio.run(story())


def test_what_the_api_server_refuses_is_refused_in_its_words(
    fault_cluster: FaultCluster, namespace: str, tmp_path: pathlib.Path
) -> None:
    async def story() -> None:
        async with running(fault_cluster, tmp_path, namespace) as (backend, _, _wire):
            await backend.create("Model", namespace, manifests.build_model("shelf"))
            for change, word in (({"spec": {"budget": "20m"}}, "budget"), ({"spec": {"colour": "red"}}, "colour")):
                with pytest.raises(Refused, match=word):
                    await backend.patch("Model", namespace, "shelf", change)
            with pytest.raises(Refused, match="budget: must be more than 0s"):
                await backend.create("Model", namespace, manifests.build_model("long", budget="9999h"))
            with pytest.raises(NotThere):
                await backend.patch("Model", namespace, "absent", {"spec": {"cancel": True}})
            with pytest.raises(Refused, match="not served"):
                await backend.create("Model", "elsewhere", manifests.build_model("shelf"))

    asyncio.run(story())


def test_each_namespace_sees_its_own_and_one_that_is_not_served_has_nothing(
    fault_cluster: FaultCluster, tmp_path: pathlib.Path
) -> None:
    ours, theirs, unserved = (make_namespace(fault_cluster) for _ in range(3))
    for name in (ours, theirs, unserved):
        fault_cluster.api.create(MODELS, name, manifests.build_model(f"of-{name}"))

    async def list_names(backend: KubernetesBackend, name: str) -> list[str]:
        return [model.name for model in await backend.list_all("Model", name)]

    async def story() -> None:
        async with running(fault_cluster, tmp_path, ours, theirs) as (backend, _, _wire):
            assert await list_names(backend, ours) == [f"of-{ours}"]
            assert await list_names(backend, theirs) == [f"of-{theirs}"]
            assert await backend.find("Model", ours, f"of-{theirs}") is None
            assert await backend.find("Model", unserved, f"of-{unserved}") is None
            assert await list_names(backend, unserved) == []
        async with running(fault_cluster, tmp_path) as (everywhere, _, _wire):
            assert await list_names(everywhere, unserved) == [f"of-{unserved}"]

    asyncio.run(story())


def test_a_broken_watch_leaves_what_is_known_and_catches_up(
    fault_cluster: FaultCluster, namespace: str, tmp_path: pathlib.Path
) -> None:
    for name in ("stays", "goes"):
        fault_cluster.api.create(MODELS, namespace, manifests.build_model(name))

    async def story() -> None:
        async with running(fault_cluster, tmp_path, namespace) as (backend, _, wire):
            wire.cut()
            fault_cluster.api.delete(MODELS, namespace, "goes")
            fault_cluster.api.create(MODELS, namespace, manifests.build_model("new"))
            fault_cluster.api.merge(MODELS, namespace, "stays", {"spec": {"cancel": True}})
            assert await backend.find("Model", namespace, "stays") is not None
            with pytest.raises(Unavailable, match="does not answer"):
                await backend.create("Model", namespace, manifests.build_model("unlucky"))
            with pytest.raises(Unavailable):
                await backend.find("Model", namespace, "new")
            wire.mend()

            async def has_caught_up() -> bool:
                found = {model.name: model.spec for model in await backend.list_all("Model", namespace)}
                return set(found) == {"stays", "new"} and getattr(found["stays"], "cancel", None) is True

            await until(has_caught_up)

    asyncio.run(story())


def test_one_object_that_cannot_be_read_is_counted_and_disturbs_no_other(
    fault_cluster: FaultCluster, namespace: str, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A rule of a newer version is played: the API server's CRD does not know it, so the object is there."""
    from darkroom_api.schema import Rule
    from darkroom_api.v1alpha1.model import ModelSpec

    for name in ("odd", "sound"):
        fault_cluster.api.create(MODELS, namespace, manifests.build_model(name, seed=1 if name == "odd" else 2))
    stricter = Rule(cel="", message="seed: must not be 1", holds=lambda spec: spec.seed != 1)
    monkeypatch.setattr(ModelSpec, "rules", (*ModelSpec.rules, stricter))
    counted: list[str] = []

    async def story() -> None:
        async with running(fault_cluster, tmp_path, namespace, unreadable=counted) as (backend, _, _wire):
            assert [model.name for model in await backend.list_all("Model", namespace)] == ["sound"]
            with pytest.raises(Refused, match="seed: must not be 1"):
                await backend.find("Model", namespace, "odd")

    asyncio.run(story())
    assert counted == ["Model"]


def test_a_token_is_kept_in_one_secret_of_the_allowed_names(
    fault_cluster: FaultCluster, namespace: str, tmp_path: pathlib.Path
) -> None:
    async def story() -> str:
        async with running(fault_cluster, tmp_path, namespace) as (backend, _, _wire):
            name = await backend.keep_token(namespace, "fruit", TOKEN_URL)
            assert await backend.keep_token(namespace, "fruit", TOKEN_URL) == name
            assert await backend.keep_token(namespace, "other", TOKEN_URL) != name
            return name

    name = asyncio.run(story())
    secret = fault_cluster.api.get(SECRETS, namespace, name)
    assert name.startswith("darkroom-")
    assert list(secret["data"]) == ["SAS_URL"]


def build_request(token: str = "", query: str = "", key: str = "") -> Request:
    """Return a request with these credentials."""
    headers = [(b"authorization", f"Bearer {token}".encode())] if token else []
    headers += [(b"ocp-apim-subscription-key", key.encode())]
    return Request({"type": "http", "query_string": query.encode(), "headers": headers, "path": "/", "method": "GET"})


def test_a_token_may_what_rbac_lets_its_user_do(fault_cluster: FaultCluster, tmp_path: pathlib.Path) -> None:
    allowed, other = make_namespace(fault_cluster), make_namespace(fault_cluster)
    grant(fault_cluster, allowed)
    token = fault_cluster.control.user_token

    async def refusal(admission: ClusterAdmission, request: Request, verb: Any = "get") -> int:
        with pytest.raises(Problem) as refused:
            await admission.admit(request, verb, "Model")
        return refused.value.status

    async def story() -> None:
        async with running(fault_cluster, tmp_path, allowed, other) as (_, api, wire):
            admission = ClusterAdmission(None, Reviews(api), (allowed, other))
            asked = build_request(token, f"Namespace={allowed}")
            caller = await admission.admit(asked, "get", "Model")
            assert (caller.namespace, caller.name) == (allowed, USER)
            assert await refusal(admission, asked, "delete") == 403
            assert await refusal(admission, build_request(token, f"namespace={other}")) == 403
            assert await refusal(admission, build_request(token, "namespace=default")) == 400
            assert await refusal(admission, build_request(token)) == 400
            assert await refusal(admission, build_request("no-such-token", f"namespace={allowed}")) == 401
            assert await refusal(admission, build_request(query=f"namespace={allowed}")) == 401
            only = ClusterAdmission(None, Reviews(api), (allowed,))
            assert (await only.admit(build_request(token), "get", "Model")).namespace == allowed
            assert await refusal(ClusterAdmission(None, None, (allowed,)), asked) == 401
            wire.cut()
            assert (await admission.admit(asked, "get", "Model")).namespace == allowed  # remembered
            assert await refusal(admission, asked, "list") == 503

    asyncio.run(story())


def grant(cluster: FaultCluster, namespace: str) -> None:
    """Let the user read Models of a namespace."""
    rule: Json = {"apiGroups": ["darkroom.dev"], "resources": ["models"], "verbs": ["get"]}
    cluster.api.create(ROLES, namespace, {"metadata": {"name": "reader"}, "rules": [rule]})
    reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "reader"}
    subject = {"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": USER}
    binding = {"metadata": {"name": "reader"}, "roleRef": reference, "subjects": [subject]}
    cluster.api.create(ROLE_BINDINGS, namespace, binding)
