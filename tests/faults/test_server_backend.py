"""The server's back end on a real API server: what it keeps, what it writes, what it says where that fails."""

import asyncio
import contextlib
import pathlib
from typing import Final

import pytest

from darkroom_api.schema import Rule
from darkroom_api.v1alpha1.dataset import DatasetSpec
from darkroom_api.v1alpha1.model import ModelSpec
from darkroom_operator.api.resources import DATASETS, MODELS, Resource
from darkroom_server.backends import kubernetes_backend, kubernetes_cache
from darkroom_server.backends.backend import AlreadyThere, Changed, NotThere, Refused, Unavailable
from darkroom_server.backends.kubernetes_backend import KubernetesBackend
from darkroom_server.resources.lookup import find_resource
from tests.faults.cluster import manifests
from tests.faults.cluster.api import QUOTAS, Json
from tests.faults.cluster.control_plane import FaultCluster
from tests.faults.cluster.served import make_namespace, running, until

SECRETS: Final = Resource("", "v1", "secrets", "Secret")
TOKEN_URL: Final = "https://vision.blob.core.windows.net/images?sp=rl&sig=signed"  # noqa: S105


@pytest.fixture
def namespace(fault_cluster: FaultCluster) -> str:
    """Return a fresh namespace."""
    return make_namespace(fault_cluster)


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
            for _ in range(2):
                with pytest.raises(Unavailable, match="does not answer"):
                    await backend.find("Model", namespace, "new")
            # Its other name could not be asked for, which must not keep a prediction from a Model that is known.
            assert await find_resource(backend, "Model", namespace, "stays") is not None
            wire.mend()

            async def has_caught_up() -> bool:
                found = {model.name: model.spec for model in await backend.list_all("Model", namespace)}
                return set(found) == {"stays", "new"} and getattr(found["stays"], "cancel", None) is True

            await until(has_caught_up)

    asyncio.run(story())


def test_an_outage_of_the_api_server_is_not_remembered_as_absence(
    fault_cluster: FaultCluster, namespace: str, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The watch is held off, so that only the question can find what was made during the outage."""
    monkeypatch.setattr(kubernetes_cache, "FIRST_PAUSE_SECONDS", 60.0)
    monkeypatch.setattr(kubernetes_cache, "LAST_PAUSE_SECONDS", 60.0)
    monkeypatch.setattr(kubernetes_backend, "AWAY_SECONDS", 0.2)

    async def story() -> None:
        async with running(fault_cluster, tmp_path, namespace) as (backend, _, wire):
            wire.cut()
            fault_cluster.api.create(MODELS, namespace, manifests.build_model("made-meanwhile"))
            with pytest.raises(Unavailable, match="does not answer"):
                await backend.find("Model", namespace, "made-meanwhile")
            wire.mend()

            async def is_found() -> bool:
                with contextlib.suppress(Unavailable):
                    return await backend.find("Model", namespace, "made-meanwhile") is not None
                return False

            await until(is_found, 5)

    asyncio.run(story())


def test_what_another_replica_has_just_made_is_found_at_once_and_what_is_absent_is_asked_for_once(
    fault_cluster: FaultCluster, namespace: str, tmp_path: pathlib.Path
) -> None:
    async def story() -> None:
        async with (
            running(fault_cluster, tmp_path, namespace) as (writer, _, _wire),
            running(fault_cluster, tmp_path, namespace) as (reader, _, wire),
        ):
            for number in range(20):
                await writer.create("Model", namespace, manifests.build_model(f"m{number}"))
                assert await reader.find("Model", namespace, f"m{number}") is not None
            asked = wire.num_bytes
            assert await reader.find("Model", namespace, "absent") is None
            assert wire.num_bytes > asked
            await asyncio.sleep(0.5)
            asked = wire.num_bytes
            for _ in range(20):
                assert await reader.find("Model", namespace, "absent") is None
            assert wire.num_bytes == asked
            await writer.create("Model", namespace, manifests.build_model("absent"))

            async def is_told() -> bool:
                return await reader.find("Model", namespace, "absent") is not None

            await until(is_told, 5)

    asyncio.run(story())


def test_one_object_that_cannot_be_read_is_counted_and_disturbs_no_other(
    fault_cluster: FaultCluster, namespace: str, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A rule of a newer version is played: the API server's CRD does not know it, so the object is there."""
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


def test_a_token_is_kept_in_a_secret_that_goes_with_its_dataset(
    fault_cluster: FaultCluster, namespace: str, tmp_path: pathlib.Path
) -> None:
    def list_secrets() -> dict[str, Json]:
        items = fault_cluster.api.call("GET", SECRETS.path(namespace))["items"]
        return {item["metadata"]["name"]: item for item in items}

    async def story() -> None:
        async with running(fault_cluster, tmp_path, namespace) as (backend, _, _wire):
            first = await backend.keep_token(namespace, "fruit", TOKEN_URL)
            manifest = manifests.build_dataset("fruit")
            manifest["spec"]["storage"] = {"credentialsSecret": first}
            made = await backend.create("Dataset", namespace, manifest)
            second = await backend.keep_token(namespace, "fruit", TOKEN_URL)
            change = {"spec": {"storage": {"credentialsSecret": second}}}
            await backend.patch("Dataset", namespace, "fruit", change, made.version)
            found = list_secrets()
            assert set(found) == {first, second}
            for name, secret in found.items():
                assert name.startswith("darkroom-")
                assert list(secret["data"]) == ["SAS_URL"]
                assert secret["metadata"]["ownerReferences"][0]["uid"] == made.uid
            await backend.delete("Dataset", namespace, "fruit")
            await until(lambda: not list_secrets())

    asyncio.run(story())


def test_a_changed_dataset_is_seen_as_it_is_where_its_new_token_cannot_be_kept(
    fault_cluster: FaultCluster, namespace: str, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The watch is held off: it would tell soon after."""
    monkeypatch.setattr(kubernetes_cache.ObjectCache, "run", kubernetes_cache.ObjectCache._fill)
    fault_cluster.api.create(
        QUOTAS, namespace, {"metadata": {"name": "none"}, "spec": {"hard": {"count/secrets": "0"}}}
    )

    async def story() -> None:
        async with running(fault_cluster, tmp_path, namespace) as (backend, _, _wire):
            made = await backend.create("Dataset", namespace, manifests.build_dataset("fruit"))
            name = await backend.keep_token(namespace, "fruit", TOKEN_URL)
            change = {"spec": {"storage": {"credentialsSecret": name}, "imageRoot": "s3://played/new"}}
            with pytest.raises(Refused, match="quota"):
                await backend.patch("Dataset", namespace, "fruit", change, made.version)
            found = await backend.find("Dataset", namespace, "fruit")
            assert found is not None
            assert isinstance(found.spec, DatasetSpec)
            assert found.spec.image_root == "s3://played/new"

    asyncio.run(story())


def test_a_dataset_whose_token_cannot_be_kept_is_not_there_either(
    fault_cluster: FaultCluster, namespace: str, tmp_path: pathlib.Path
) -> None:
    fault_cluster.api.create(
        QUOTAS, namespace, {"metadata": {"name": "none"}, "spec": {"hard": {"count/secrets": "0"}}}
    )

    async def story() -> None:
        async with running(fault_cluster, tmp_path, namespace) as (backend, _, _wire):
            name = await backend.keep_token(namespace, "fruit", TOKEN_URL)
            manifest = manifests.build_dataset("fruit")
            manifest["spec"]["storage"] = {"credentialsSecret": name}
            with pytest.raises(Refused, match="quota"):
                await backend.create("Dataset", namespace, manifest)
            assert await backend.find("Dataset", namespace, "fruit") is None
            made = await backend.create("Dataset", namespace, manifest)
            assert made.name == "fruit"

    asyncio.run(story())
