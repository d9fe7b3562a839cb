"""Files of a folder of results: read with a version, and replaced where it is still that one."""

import asyncio
import dataclasses
import pathlib

import pytest

from darkroom_api.conditions import RunPhase
from darkroom_api.endpoints import OWN_MACHINE
from darkroom_api.names import artifact_folder, short_uid
from darkroom_api.run_config import StorageAccess
from darkroom_api.v1alpha1.common import Artifacts
from darkroom_api.v1alpha1.model import ModelStatus
from darkroom_server.backends.backend import Changed, NotThere, Refused
from darkroom_server.backends.folder import NO_FILE, ResultFolder, find_folder
from darkroom_storage.objects import Storage, open_storage
from tests.support.server.models import a_stored_model


def _open(folder: pathlib.Path) -> ResultFolder:
    return ResultFolder(open_storage(StorageAccess(reach=OWN_MACHINE)), folder.as_uri())


def test_a_file_is_written_over_nothing_and_then_over_its_own_version(tmp_path: pathlib.Path) -> None:
    folder = _open(tmp_path)
    first = asyncio.run(folder.write("a.json", b"1", NO_FILE))
    second = asyncio.run(folder.write("a.json", b"2", first))
    found = asyncio.run(folder.read("a.json", 10))
    assert (found.data, found.info.etag) == (b"2", second)


@pytest.mark.parametrize("version", [NO_FILE, "another"])
def test_a_file_of_another_version_stays(tmp_path: pathlib.Path, version: str) -> None:
    folder = _open(tmp_path)
    asyncio.run(folder.write("a.json", b"1", NO_FILE))
    with pytest.raises(Changed):
        asyncio.run(folder.write("a.json", b"2", version))
    assert (tmp_path / "a.json").read_bytes() == b"1"


def test_what_is_missing_or_too_large_is_told_apart(tmp_path: pathlib.Path) -> None:
    (tmp_path / "large").write_bytes(b"12345")
    with pytest.raises(NotThere):
        asyncio.run(_open(tmp_path).read("small", 4))
    with pytest.raises(Refused, match="at most 4 are read"):
        asyncio.run(_open(tmp_path).read("large", 4))


def test_whoever_is_overtaken_at_once_is_told(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    replace = Storage.replace

    def replace_twice(storage: Storage, path: pathlib.Path, uri: str, etag: str | None) -> None:
        replace(storage, path, uri, etag)
        (tmp_path / "a.json").write_bytes(b"2")

    monkeypatch.setattr(Storage, "replace", replace_twice)
    with pytest.raises(Changed, match="replaced again"):
        asyncio.run(_open(tmp_path).write("a.json", b"1", NO_FILE))


def test_a_run_without_results_has_no_folder() -> None:
    with pytest.raises(NotThere, match="no artifacts"):
        find_folder(a_stored_model(digest=None))


@pytest.mark.parametrize(
    "folder",
    [
        "s3://vision/models/victim-1234abcd",
        "s3://vision/models/fruit",
        "s3://vision/x-models/fruit-{uid}",
        "s3://vision/",
    ],
)
def test_the_folder_of_another_resource_is_refused_whatever_a_status_names(folder: str) -> None:
    model = a_stored_model()
    uri = folder.format(uid=short_uid(model.uid))
    status = ModelStatus(phase=RunPhase.SUCCEEDED, artifacts=Artifacts(uri=uri))
    with pytest.raises(Refused, match=f"not the folder of Model {model.name}"):
        find_folder(dataclasses.replace(model, status=status))


def test_the_folder_of_a_resource_is_that_of_its_name_and_uid() -> None:
    model = a_stored_model()
    uri = f"s3://vision/{artifact_folder('Model', model.name, model.uid)}"
    status = ModelStatus(phase=RunPhase.SUCCEEDED, artifacts=Artifacts(uri=f"{uri}/"))
    assert find_folder(dataclasses.replace(model, status=status)) == uri


def test_files_are_put_listed_by_their_beginning_and_deleted(tmp_path: pathlib.Path) -> None:
    folder = _open(tmp_path / "a b")
    for name in ("x/1", "x/2", "y/1"):
        asyncio.run(folder.put(name, b""))
    assert asyncio.run(folder.list_names()) == ["x/1", "x/2", "y/1"]
    assert asyncio.run(folder.list_names("x/")) == ["x/1", "x/2"]
    for _ in range(2):
        asyncio.run(folder.delete("x/1"))
    assert asyncio.run(folder.list_names("x/")) == ["x/2"]
