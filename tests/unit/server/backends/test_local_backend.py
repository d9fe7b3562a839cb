"""A local folder with its worker, as a real process; nothing here needs torch: the data is refused before."""

import asyncio
import json
import pathlib
import signal
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from darkroom_api.conditions import Reason, RunPhase
from darkroom_server.backends.backend import Kind, Refused, Stored
from darkroom_server.backends.local_backend import LocalBackend
from tests.unit.trainer.run_builders import write_images

NAMESPACE = "default"


def a_manifest(kind: Kind, name: str, spec: dict[str, Any]) -> dict[str, Any]:
    return {"apiVersion": "darkroom.dev/v1alpha1", "kind": kind, "metadata": {"name": name}, "spec": spec}


def a_dataset(folder: pathlib.Path) -> dict[str, Any]:
    """Return a Dataset of which an annotation names a tag that is not there."""
    write_images(folder, broken=True)
    uri = (folder / "data" / "train.json").as_uri()
    return a_manifest("Dataset", "fruit", {"annotationKind": "imageClassification", "annotationFiles": [uri]})


A_MODEL = a_manifest("Model", "sorter", {"task": "classifier", "dataset": "fruit", "budget": "60s"})


def run(folder: pathlib.Path, use: Callable[[LocalBackend], Awaitable[None]]) -> None:
    """Use a back end whose worker may run."""

    async def work() -> None:
        backend = LocalBackend(folder / "state", allowed_folders=[folder / "data"])
        running = asyncio.create_task(backend.run())
        try:
            async with asyncio.timeout(60):
                await use(backend)
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
            backend.close()

    asyncio.run(work())


async def wait_for(backend: LocalBackend, phase: RunPhase, kind: Kind = "Model", name: str = "sorter") -> Stored:
    """Return a resource once it is in a phase."""
    while True:
        found = await backend.find(kind, NAMESPACE, name)
        assert found is not None
        if found.status.phase == phase:
            return found
        await asyncio.sleep(0.05)


def test_a_model_fails_with_what_is_wrong_with_its_data(tmp_path: pathlib.Path) -> None:
    async def use(backend: LocalBackend) -> None:
        await backend.create("Dataset", NAMESPACE, a_dataset(tmp_path))
        created = await backend.create("Model", NAMESPACE, A_MODEL)
        assert created.status.phase is RunPhase.QUEUED
        failed = await wait_for(backend, RunPhase.FAILED)
        assert failed.status.reason is Reason.DATASET_CORRUPT
        assert "train.json" in (failed.status.message or "")
        # Mended, and asked for anew: the data is read again.
        write_images(tmp_path)
        coco = json.loads((tmp_path / "data" / "train.json").read_text())
        (tmp_path / "data" / "train.json").write_text(json.dumps(coco | {"annotations": []}))
        await backend.delete("Model", NAMESPACE, "sorter")
        await backend.create("Model", NAMESPACE, A_MODEL)
        again = await wait_for(backend, RunPhase.FAILED)
        assert again.status.message != failed.status.message

    run(tmp_path, use)


def test_what_waits_starts_when_what_it_waits_for_comes_also_after_a_restart(tmp_path: pathlib.Path) -> None:
    async def ask(backend: LocalBackend) -> None:
        await backend.create("Model", NAMESPACE, A_MODEL)
        while (waiting := await backend.find("Model", NAMESPACE, "sorter")) is not None:
            if waiting.status.reason is Reason.WAITING_FOR_DATASET:
                break
            await asyncio.sleep(0.05)

    async def answer(backend: LocalBackend) -> None:
        await backend.create("Dataset", NAMESPACE, a_dataset(tmp_path))
        await wait_for(backend, RunPhase.FAILED)

    run(tmp_path, ask)
    run(tmp_path, answer)


def test_a_worker_that_is_killed_is_followed_by_another(tmp_path: pathlib.Path) -> None:
    async def use(backend: LocalBackend) -> None:
        await backend.create("Dataset", NAMESPACE, a_dataset(tmp_path))
        await backend.create("Model", NAMESPACE, A_MODEL)
        while (process := backend.worker.process) is None:
            await asyncio.sleep(0.01)
        process.send_signal(signal.SIGKILL)
        await wait_for(backend, RunPhase.FAILED)

    run(tmp_path, use)


def test_a_model_is_cancelled_before_it_begins(tmp_path: pathlib.Path) -> None:
    async def use(backend: LocalBackend) -> None:
        await backend.create("Model", NAMESPACE, A_MODEL)
        await backend.patch("Model", NAMESPACE, "sorter", {"spec": {"cancel": True}})
        await wait_for(backend, RunPhase.CANCELLED)

    run(tmp_path, use)


def test_a_file_outside_the_allowed_folders_is_not_read_though_an_annotation_names_it(tmp_path: pathlib.Path) -> None:
    async def use(backend: LocalBackend) -> None:
        dataset = a_dataset(tmp_path)
        (tmp_path / "secret.png").write_bytes((tmp_path / "data" / "0.png").read_bytes())
        write_images(tmp_path)
        coco = json.loads((tmp_path / "data" / "train.json").read_text())
        coco["images"][0]["coco_url"] = (tmp_path / "secret.png").as_uri()
        del coco["images"][0]["file_name"]
        (tmp_path / "data" / "train.json").write_text(json.dumps(coco))
        await backend.create("Dataset", NAMESPACE, dataset)
        await backend.create("Model", NAMESPACE, A_MODEL)
        failed = await wait_for(backend, RunPhase.FAILED)
        assert failed.status.reason is Reason.DATASET_CORRUPT

    run(tmp_path, use)


def test_a_second_server_cannot_take_the_same_folder(tmp_path: pathlib.Path) -> None:
    first = LocalBackend(tmp_path)
    with pytest.raises(Exception, match="another server uses this folder"):
        LocalBackend(tmp_path)
    first.close()
    LocalBackend(tmp_path).close()


def test_no_file_is_read_as_an_image_of_a_bucket(tmp_path: pathlib.Path) -> None:
    (tmp_path / "state").mkdir()
    backend = LocalBackend(tmp_path / "state")
    try:
        with pytest.raises(Refused, match="in no bucket; use an s3://BUCKET/KEY or az://CONTAINER/PATH address"):
            asyncio.run(backend.read_image(NAMESPACE, (tmp_path / "a.png").as_uri(), 1000))
    finally:
        backend.close()
