"""Answers of a training API with anything in the place of something: a migration says why not, or writes a dataset."""

import json
import pathlib
import tempfile
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, strategies as st

from darkroom_trainer import command
from tests.certificate import write_certificate
from tests.fuzz.effort import fuzzed
from tests.support.examinations import examine_files
from tests.unit.migrate.recorded_projects import (
    APPLE,
    FRUIT,
    KEY,
    PEAR,
    Json,
    a_project,
    a_region,
    an_image,
    pictures_of,
)
from tests.unit.migrate.training_server import TrainingServer, start

LEAVES = st.one_of(
    st.none(), st.booleans(), st.integers(-(10**40), 10**40), st.floats(), st.text(max_size=8),
    st.sampled_from([APPLE, PEAR, "../..", "a/b", "\ud800", "\x1b[2J", "", "Negative", "Multilabel", 10**400]),
)  # fmt: skip
ANYTHING = st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner))
ROUTES = ("/projects", "/tags", "/images", "/count", "/iterations", "/performance", "/domains")


def a_recorded_project() -> Json:
    boxes = [a_region(APPLE, 0.1, 0.1, 0.5, 0.5), a_region(PEAR, 0.2, 0.2, 0.5, 0.5)]
    return a_project("ObjectDetection", None, [an_image(1, regions=boxes), an_image(2, PEAR, regions=boxes[1:])])


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[pathlib.Path]:
    path = tmp_path_factory.mktemp("tls") / "both.pem"
    write_certificate(path)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_CA_BUNDLE", str(path))
        patch.setenv("VISION_TRAINING_KEY", KEY)
        yield path


@fuzzed
@given(route=st.sampled_from(ROUTES), depth=st.integers(0, 4), seed=st.integers(0, 2**30), put=ANYTHING)
def test_whatever_is_answered_a_migration_writes_a_dataset_or_says_why_not(
    route: str, depth: int, seed: int, put: Any, certificate: pathlib.Path
) -> None:
    def edit(path: str, value: Any) -> Any:
        asked = "/domains" if path.startswith("/domains") else f"/{path.rpartition('/')[2]}"
        return replace(value, depth, seed, put) if asked == route else value

    project = a_recorded_project()
    server = TrainingServer(project, pictures_of(project), edit=edit)
    listener = start(server, certificate)
    try:
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name, "to")
            given = ["--endpoint", server.base, "--project", FRUIT, "--to", str(folder)]
            code = command.main(["migrate", "custom-vision", *given])
            assert code in (0, 1)
            assert code == 1 or (folder / "train.json").is_file()
            assert [path.name for path in pathlib.Path(name).iterdir()] in ([], ["to"])
            check_dataset(folder)
    finally:
        listener.shutdown()
        listener.server_close()


def replace(value: Any, depth: int, seed: int, put: Any) -> Any:
    """Return `value` with something `depth` levels inside it replaced; images keep their addresses."""
    inner: list[Any] = (
        list(value) if isinstance(value, dict) else list(range(len(value))) if isinstance(value, list) else []
    )
    inner = [key for key in inner if key != "originalImageUri"]
    if depth == 0 or not inner:
        return put
    key = inner[seed % len(inner)]
    changed = dict(value) if isinstance(value, dict) else list(value)
    changed[key] = replace(value[key], depth - 1, seed // len(inner), put)
    return changed


def check_dataset(folder: pathlib.Path) -> None:
    """Darkroom has nothing to say of what was written, but that it is little."""
    if not (folder / "train.json").is_file():
        return
    coco = json.loads((folder / "train.json").read_text())
    if coco["annotations"]:
        kind = (folder / "dataset.yaml").read_text().partition("annotationKind: ")[2].split()[0]
        said = examine_files(f"{folder.as_uri()}/train.json", kind=kind).findings.problems
        assert [problem for problem in said if not problem.subject.startswith("dataset ")] == []
