"""The one Model that KServe mounts, as a back end gives it."""

import asyncio
import pathlib

import pytest

from darkroom_api.v1alpha1.common import Task
from darkroom_api.v1alpha1.model import ModelSpec
from darkroom_predict.errors import ModelUnusable
from darkroom_server.backends.backend import NotOffered, Refused
from darkroom_server.backends.one_model import NAMESPACE, OneModel, open_model
from tests.support.server.models import write_model


@pytest.fixture
def backend(tmp_path: pathlib.Path) -> OneModel:
    write_model(tmp_path / "models", Task.DETECTOR)
    return OneModel(open_model(tmp_path / "models", "shelf"))


def test_it_is_there_by_its_name_only_with_the_task_of_its_file(backend: OneModel) -> None:
    async def story() -> None:
        found = await backend.find("Model", NAMESPACE, "shelf")
        assert found is not None
        assert isinstance(found.spec, ModelSpec)
        assert found.spec.task is Task.DETECTOR
        assert await backend.find("Model", NAMESPACE, "other") is None
        assert await backend.find("Model", "elsewhere", "shelf") is None
        assert await backend.list_all("Dataset", NAMESPACE) == []

    asyncio.run(story())


def test_its_files_are_checked_when_they_are_taken(backend: OneModel, tmp_path: pathlib.Path) -> None:
    async def story() -> None:
        found = await backend.find("Model", NAMESPACE, "shelf")
        assert found is not None
        (tmp_path / "models" / "model.onnx").write_bytes(b"other")
        with pytest.raises(Refused, match=r"model\.onnx"):
            await backend.fetch_artifacts(found, ["model.onnx"], tmp_path)

    asyncio.run(story())


def test_nothing_can_be_changed(backend: OneModel) -> None:
    async def story() -> None:
        for act in (
            backend.create("Model", NAMESPACE, {}),
            backend.patch("Model", NAMESPACE, "shelf", {}),
            backend.delete("Model", NAMESPACE, "shelf"),
            backend.keep_token(NAMESPACE, "shelf", "https://host/a?sig=signed"),
        ):
            with pytest.raises(Refused, match="keeps no resources"):
                await act

    asyncio.run(story())


@pytest.mark.parametrize("address", ["s3://vision/a.png", "file:///etc/passwd"])
def test_it_reads_no_image_with_the_rights_of_its_pod(backend: OneModel, address: str) -> None:
    with pytest.raises(Refused, match="reads no buckets"):
        asyncio.run(backend.read_image(NAMESPACE, address, 1000))


def test_a_folder_that_is_no_finished_model_is_refused(tmp_path: pathlib.Path) -> None:
    with pytest.raises(ModelUnusable, match="holds no usable model"):
        open_model(tmp_path, "shelf")


def test_it_keeps_no_runs(backend: OneModel) -> None:
    with pytest.raises(NotOffered, match="no product-recognition runs"):
        backend.open_runs()
