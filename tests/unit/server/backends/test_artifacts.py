"""The files of a finished run, taken from where they were published and checked."""

import pathlib
from datetime import UTC, datetime

import pytest

from darkroom_api.endpoints import OWN_MACHINE
from darkroom_api.run_config import StorageAccess
from darkroom_api.v1alpha1.common import Artifacts, Task
from darkroom_api.v1alpha1.dataset import DatasetStatus
from darkroom_api.v1alpha1.evaluation import EvaluationSpec, EvaluationStatus
from darkroom_api.v1alpha1.prediction import PredictionSpec, PredictionStatus
from darkroom_server.backends.artifacts import fetch_files, find_artifacts, read_image
from darkroom_server.backends.backend import Kind, NotThere, Refused, Spec, Status, Stored, TooLarge
from darkroom_storage.objects import Storage
from tests.builders import a_dataset_spec
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
        ("artifacts.json", b'{"files": {}}', Refused, "not the one that the status names"),
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


def test_a_file_that_is_too_large_is_refused_before_it_takes_the_disk(
    artifacts: Artifacts, target: pathlib.Path
) -> None:
    with pytest.raises(TooLarge, match=r"model\.onnx: it has .* bytes, and at most 10 are read"):
        fetch_files(STORAGE, artifacts, ["model.onnx"], target, limit_bytes=10)
    assert {path.name for path in target.iterdir()} == {"artifacts.json"}


def test_a_status_without_a_digest_opens_no_files(artifacts: Artifacts, target: pathlib.Path) -> None:
    with pytest.raises(Refused, match="the status names no digest"):
        fetch_files(STORAGE, artifacts.model_copy(update={"digest": None}), ["model.onnx"], target)
    assert not list(target.iterdir())


def test_a_file_that_is_not_listed_is_not_there(artifacts: Artifacts, target: pathlib.Path) -> None:
    with pytest.raises(NotThere, match=r"lists no model\.safetensors"):
        fetch_files(STORAGE, artifacts, ["model.safetensors"], target)


FINISHED = Artifacts(uri="s3://vision/darkroom/predictions/new-1")
STORED: dict[str, tuple[Kind, Spec, Status, Artifacts | None]] = {
    "an Evaluation": (
        "Evaluation", EvaluationSpec(model="m", dataset="d"), EvaluationStatus(artifacts=FINISHED), FINISHED,
    ),
    "a Prediction": (
        "Prediction", PredictionSpec(model="m", dataset="d"), PredictionStatus(artifacts=FINISHED), FINISHED,
    ),
    "a Prediction that works": ("Prediction", PredictionSpec(model="m", dataset="d"), PredictionStatus(), None),
    "a Dataset": ("Dataset", a_dataset_spec(), DatasetStatus(), None),
}  # fmt: skip


@pytest.mark.parametrize(("kind", "spec", "status", "found"), STORED.values(), ids=STORED.keys())
def test_every_run_has_its_files_where_its_status_says(
    kind: Kind, spec: Spec, status: Status, found: Artifacts | None
) -> None:
    stored = Stored(kind, "vision", "new", "u", "1", datetime.now(UTC), spec, status)
    if found is not None:
        assert find_artifacts(stored) == found
        return
    with pytest.raises(NotThere, match=f"{kind} new: it has no artifacts"):
        find_artifacts(stored)


def test_an_image_is_read_within_a_size_and_a_missing_one_is_named(tmp_path: pathlib.Path) -> None:
    (tmp_path / "a.png").write_bytes(b"image")
    uri = (tmp_path / "a.png").as_uri()
    assert read_image(STORAGE, uri, 5) == b"image"
    with pytest.raises(Refused, match="too large"):
        read_image(STORAGE, uri, 4)
    with pytest.raises(NotThere, match=r"b\.png does not exist$"):
        read_image(STORAGE, (tmp_path / "b.png").as_uri(), 5)
