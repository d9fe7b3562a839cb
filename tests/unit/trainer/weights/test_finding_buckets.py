"""Weights in a bucket, and the order of a mounted folder and a bucket."""

import pathlib

import pytest

from darkroom_api.conditions import Reason
from darkroom_api.run_config import Location
from darkroom_api.v1alpha1.common import Task
from darkroom_storage.objects import Storage
from darkroom_trainer.runtime.errors import RunError
from darkroom_trainer.weights.finding import find_weights, list_available
from tests.local_storage import a_local_place
from tests.unit.trainer.weights.places import NAME, Pack, put, sources_of, sum_of


def test_the_mounted_folder_comes_before_the_bucket(
    mounted: pathlib.Path, tmp_path: pathlib.Path, pack: Pack, bucket: tuple[Location, Storage]
) -> None:
    location, storage = bucket
    files = {f"{NAME}.safetensors": pack(NAME), "test_vit/model.safetensors": pack("test_vit")}
    for file, data in files.items():
        storage.write_bytes(f"{location.uri}/{file}", data)
    storage.write_bytes(f"{location.uri}/SHA256SUMS", f"{sum_of(pack(NAME))}  {NAME}.safetensors".encode())
    sources = sources_of(mounted, tmp_path, location)
    found = find_weights(NAME, sources)
    assert found is not None
    assert (found.source, found.is_verified) == (f"{location.uri}/{NAME}.safetensors", True)
    assert found.path.read_bytes() == pack(NAME)
    assert list_available(sources, Task.DETECTOR) == ["test_resnet.r160_in1k"]
    assert find_weights("test_vit", sources) is not None
    put(mounted, {f"{NAME}.safetensors": pack(NAME)})
    nearer = find_weights(NAME, sources)
    assert nearer is not None
    assert nearer.source == str(mounted / f"{NAME}.safetensors")


def test_a_bucket_that_is_not_there_ends_the_run(
    mounted: pathlib.Path, tmp_path: pathlib.Path, bucket: tuple[Location, Storage]
) -> None:
    location = bucket[0].model_copy(update={"uri": "s3://no-such-bucket/backbones"})
    with pytest.raises(RunError, match=r"weights: s3://no-such-bucket/.*this is trainer\.weights\.uri") as caught:
        find_weights(NAME, sources_of(mounted, tmp_path, location))
    assert caught.value.reason is Reason.STORAGE_UNAVAILABLE


def test_a_folder_by_its_file_address_is_read_in_place(tmp_path: pathlib.Path, pack: Pack) -> None:
    put(tmp_path / "mine", {f"{NAME}.safetensors": pack(NAME)})
    found = find_weights(NAME, sources_of(tmp_path / "none", tmp_path, a_local_place(tmp_path / "mine")))
    assert found is not None
    assert found.path == tmp_path / "mine" / f"{NAME}.safetensors"
