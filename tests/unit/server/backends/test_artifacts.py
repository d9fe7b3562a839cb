"""The files of a finished Model, taken from where they were published and checked."""

import pathlib

import pytest

from darkroom_api.endpoints import OWN_MACHINE
from darkroom_api.run_config import StorageAccess
from darkroom_api.v1alpha1.common import Artifacts, Task
from darkroom_server.backends.artifacts import fetch_files
from darkroom_server.backends.backend import NotThere, Refused
from darkroom_storage.objects import Storage
from tests.support.server.models import write_model

STORAGE = Storage(StorageAccess(reach=OWN_MACHINE), {})


@pytest.fixture
def source(tmp_path: pathlib.Path) -> pathlib.Path:
    return tmp_path / "bucket"


@pytest.fixture
def artifacts(source: pathlib.Path) -> Artifacts:
    digest = write_model(source, Task.CLASSIFIER)
    return Artifacts(uri=source.as_uri(), digest=digest)


@pytest.fixture
def target(tmp_path: pathlib.Path) -> pathlib.Path:
    folder = tmp_path / "target"
    folder.mkdir()
    return folder


def test_only_what_is_asked_for_and_the_list_are_copied(artifacts: Artifacts, target: pathlib.Path) -> None:
    fetch_files(STORAGE, artifacts, ["model.onnx"], target)
    assert {path.name for path in target.iterdir()} == {"model.onnx", "artifacts.json"}


@pytest.mark.parametrize(
    ("name", "content", "problem", "words"),
    [
        ("model.onnx", b"other", Refused, "model.onnx is not the file that artifacts.json lists"),
        ("model.onnx", None, NotThere, "model.onnx does not exist; was the folder"),
        ("artifacts.json", b" " * 2_000_000, Refused, "artifacts.json is too large: 2,000,000 bytes"),
        ("artifacts.json", b'{"files": {}}', Refused, "not the one that the Model names"),
        ("artifacts.json", None, NotThere, "artifacts.json does not exist"),
    ],
)
def test_what_was_changed_or_taken_away_is_refused_by_name(
    artifacts: Artifacts,
    source: pathlib.Path,
    target: pathlib.Path,
    name: str,
    content: bytes | None,
    problem: type[Exception],
    words: str,
) -> None:
    if content is None:
        (source / name).unlink()
    else:
        (source / name).write_bytes(content)
    with pytest.raises(problem, match=words):
        fetch_files(STORAGE, artifacts, ["model.onnx"], target)
    assert not (target / "model.onnx").exists()


def test_a_file_of_the_right_size_is_checked_as_well(
    artifacts: Artifacts, source: pathlib.Path, target: pathlib.Path
) -> None:
    (source / "model.onnx").write_bytes(b"x" * (source / "model.onnx").stat().st_size)
    with pytest.raises(Refused, match="SHA-256 differs"):
        fetch_files(STORAGE, artifacts, ["model.onnx"], target)


def test_a_file_that_is_not_listed_is_not_there(artifacts: Artifacts, target: pathlib.Path) -> None:
    with pytest.raises(NotThere, match=r"lists no model\.safetensors"):
        fetch_files(STORAGE, artifacts, ["model.safetensors"], target)
