"""What every back end has to do, whatever stands behind it: stories that a test tells to each of them."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

import pytest

from darkroom_api.conditions import RunPhase
from darkroom_api.v1alpha1.dataset import DatasetSpec
from darkroom_api.v1alpha1.model import ModelSpec, ModelStatus
from darkroom_server.backends.backend import AlreadyThere, Backend, Changed, Kind, NotThere, Refused

Story = Callable[[Backend, str, str], Awaitable[None]]
"""Takes a back end and the names of two namespaces."""

DATASET: Final = {"annotationKind": "imageClassification", "annotationFiles": ["s3://vision/train.json"]}
MODEL: Final = {"task": "classifier", "dataset": "fruit", "budget": "1h"}


def a_manifest(kind: Kind, name: str, spec: Mapping[str, Any], **annotations: str) -> dict[str, Any]:
    """Return a whole resource as it is sent."""
    metadata = {"name": name, "annotations": {f"darkroom.dev/{key}": text for key, text in annotations.items()}}
    return {"apiVersion": "darkroom.dev/v1alpha1", "kind": kind, "metadata": metadata, "spec": dict(spec)}


async def tell_what_is_created(backend: Backend, namespace: str, other: str) -> None:
    """What was created is found and listed where it is, and nowhere else."""
    made = await backend.create("Dataset", namespace, a_manifest("Dataset", "fruit", DATASET, note="Ä"))
    assert (made.kind, made.namespace, made.name) == ("Dataset", namespace, "fruit")
    assert made.annotations["darkroom.dev/note"] == "Ä"
    assert isinstance(made.spec, DatasetSpec)
    assert await backend.find("Dataset", namespace, "fruit") == made
    assert await backend.list_all("Dataset", namespace) == [made]
    assert await backend.find("Dataset", other, "fruit") is None
    assert await backend.list_all("Dataset", other) == []
    assert await backend.find("Model", namespace, "fruit") is None
    assert await backend.find("Dataset", namespace, "pears") is None


async def tell_names_once(backend: Backend, namespace: str, other: str) -> None:
    """A name is taken once for each kind and namespace, also by calls at the same time."""
    calls = [backend.create("Model", namespace, a_manifest("Model", "sorter", MODEL)) for _ in range(5)]
    ended = await asyncio.gather(*calls, return_exceptions=True)
    assert sorted(type(end).__name__ for end in ended) == ["AlreadyThere"] * 4 + ["Stored"]
    with pytest.raises(AlreadyThere):
        await backend.create("Model", namespace, a_manifest("Model", "sorter", MODEL))
    await backend.create("Model", other, a_manifest("Model", "sorter", MODEL))
    await backend.create("Dataset", namespace, a_manifest("Dataset", "sorter", DATASET))


async def tell_changes(backend: Backend, namespace: str, other: str) -> None:
    """A merge patch changes what it names, removes what it says is null, and makes another version."""
    made = await backend.create("Dataset", namespace, a_manifest("Dataset", "fruit", DATASET, note="a", kept="b"))
    change: dict[str, Any] = {
        "metadata": {"annotations": {"darkroom.dev/note": None}},
        "spec": {"imageRoot": "s3://vision/images"},
    }
    patched = await backend.patch("Dataset", namespace, "fruit", change, made.version)
    assert patched.annotations.get("darkroom.dev/note") is None
    assert patched.annotations["darkroom.dev/kept"] == "b"
    assert isinstance(patched.spec, DatasetSpec)
    assert (patched.spec.image_root, patched.spec.annotation_files) == (
        "s3://vision/images",
        ("s3://vision/train.json",),
    )
    assert (patched.version != made.version, patched.uid) == (True, made.uid)
    removed = await backend.patch("Dataset", namespace, "fruit", {"spec": {"imageRoot": None}})
    assert isinstance(removed.spec, DatasetSpec)
    assert removed.spec.image_root is None
    with pytest.raises(NotThere):
        await backend.patch("Dataset", other, "fruit", change)


async def tell_versions(backend: Backend, namespace: str, other: str) -> None:  # noqa: ARG001 - one suffices
    """Who names a version changes that one only; an annotation makes a new one too."""
    made = await backend.create("Dataset", namespace, a_manifest("Dataset", "fruit", DATASET))
    note = {"metadata": {"annotations": {"darkroom.dev/note": "a"}}}
    patched = await backend.patch("Dataset", namespace, "fruit", note)
    assert patched.version != made.version
    with pytest.raises(Changed):
        await backend.patch("Dataset", namespace, "fruit", note, made.version)
    with pytest.raises(Changed):
        await backend.delete("Dataset", namespace, "fruit", made.version)
    await backend.delete("Dataset", namespace, "fruit", patched.version)
    assert await backend.find("Dataset", namespace, "fruit") is None


async def tell_deletion(backend: Backend, namespace: str, other: str) -> None:
    """What is deleted is gone; its name can be had again, by another resource."""
    made = await backend.create("Model", namespace, a_manifest("Model", "sorter", MODEL))
    with pytest.raises(NotThere):
        await backend.delete("Model", other, "sorter")
    await backend.delete("Model", namespace, "sorter")
    assert await backend.list_all("Model", namespace) == []
    with pytest.raises(NotThere):
        await backend.delete("Model", namespace, "sorter")
    again = await backend.create("Model", namespace, a_manifest("Model", "sorter", MODEL))
    assert again.uid != made.uid


async def tell_refusals(backend: Backend, namespace: str, other: str) -> None:  # noqa: ARG001 - one suffices
    """What a spec may not hold is refused with the name of its field, and changes nothing."""
    made = await backend.create("Model", namespace, a_manifest("Model", "sorter", MODEL))
    with pytest.raises(Refused, match="budget"):
        await backend.create("Model", namespace, a_manifest("Model", "long", {**MODEL, "budget": "9999h"}))
    with pytest.raises(Refused, match="budget"):
        await backend.patch("Model", namespace, "sorter", {"spec": {"budget": "2h"}})
    with pytest.raises(Refused, match="colour"):
        await backend.patch("Model", namespace, "sorter", {"spec": {"colour": "red"}})
    assert await backend.find("Model", namespace, "sorter") == made


async def tell_cancellation(backend: Backend, namespace: str, other: str) -> None:  # noqa: ARG001 - one suffices
    """A Model is Queued at first, and its wish to be cancelled is seen at once."""
    made = await backend.create("Model", namespace, a_manifest("Model", "sorter", MODEL))
    assert isinstance(made.status, ModelStatus)
    assert made.status.phase is RunPhase.QUEUED
    patched = await backend.patch("Model", namespace, "sorter", {"spec": {"cancel": True}})
    assert isinstance(patched.spec, ModelSpec)
    assert patched.spec.cancel is True


async def tell_tokens(backend: Backend, namespace: str, other: str) -> None:  # noqa: ARG001 - one suffices
    """A token is kept in a Secret of its own, for the Dataset that is written next and names it."""
    url = "https://data.example/set?sig=made-up-signature"
    first = await backend.keep_token(namespace, "fruit", url)
    spec = {"annotationKind": "imageClassification", "annotationFiles": ["https://data.example/set/a.json"]}
    signed = {**spec, "storage": {"credentialsSecret": first}}
    made = await backend.create("Dataset", namespace, a_manifest("Dataset", "fruit", signed))
    second = await backend.keep_token(namespace, "fruit", f"{url}2")
    assert second != first
    change = {"spec": {"storage": {"credentialsSecret": second}}}
    patched = await backend.patch("Dataset", namespace, "fruit", change, made.version)
    assert isinstance(patched.spec, DatasetSpec)
    assert patched.spec.storage is not None
    assert patched.spec.storage.credentials_secret == second
    await backend.delete("Dataset", namespace, "fruit")


STORIES: Final[dict[str, Story]] = {
    "what is created is found where it is": tell_what_is_created,
    "a name is taken once": tell_names_once,
    "a change is merged": tell_changes,
    "a version that is no more is refused": tell_versions,
    "what is deleted is gone": tell_deletion,
    "a spec is checked": tell_refusals,
    "a Model is cancelled": tell_cancellation,
    "a token is kept": tell_tokens,
}
