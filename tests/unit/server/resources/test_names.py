"""REST names and the names of the objects that they stand for."""

import re
from datetime import UTC, datetime

import pytest

from darkroom_api.v1alpha1.common import NAME_PATTERN, AnnotationKind
from darkroom_api.v1alpha1.dataset import DatasetSpec, DatasetStatus
from darkroom_server.backends.backend import Stored
from darkroom_server.http.problems import Problem
from darkroom_server.resources import names

NOW = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
SPEC = DatasetSpec(annotation_kind=AnnotationKind.CLASSIFICATION, annotation_files=("s3://vision/a.json",))


def a_stored(name: str, **annotations: str) -> Stored:
    """Return an object of this name."""
    noted = {f"darkroom.dev/{key.replace('_', '-')}": text for key, text in annotations.items()}
    return Stored("Dataset", "default", name, "uid", "1", NOW, SPEC, DatasetStatus(), annotations=noted)


@pytest.mark.parametrize(
    "name",
    [
        "fruit", "My_Model", "3f2504e0-4f89-41d3-9a0c-0305e82c3301_model", "a" * 255, "A", "0", "a.b-c_d",
        "x" + "_" * 60,
    ],
)  # fmt: skip
def test_every_rest_name_becomes_an_objects_name(name: str) -> None:
    made = names.build_object_name(names.check_name(name, "name"))
    assert re.fullmatch(NAME_PATTERN, made)
    assert len(made) <= 51
    assert "." not in made


def test_names_that_look_alike_become_different_objects() -> None:
    alike = ["a_b", "a-b", "a.b", "A_B", "a-B", "a" * 200, "a" * 201]
    assert len({names.build_object_name(name) for name in alike}) == len(alike)


def test_an_evaluations_name_counts_within_its_model() -> None:
    assert names.build_object_name("e", "one") != names.build_object_name("e", "two")


def test_an_object_made_for_a_name_is_known_by_it() -> None:
    metadata = names.build_metadata("My_Model")
    assert metadata["annotations"] == {"darkroom.dev/rest-name": "My_Model"}
    made = str(metadata["name"])
    assert made.startswith("my-model-")
    assert names.find_rest_name(a_stored(made, rest_name="My_Model")) == "My_Model"


@pytest.mark.parametrize(
    "stored",
    [a_stored("fruit"), a_stored("fruit", rest_name="My_Model"), a_stored("fruit", rest_name="")],
    ids=["one of kubectl", "one with an annotation that was copied", "one with an empty annotation"],
)
def test_any_other_object_is_known_by_its_own_name(stored: Stored) -> None:
    assert names.find_rest_name(stored) == "fruit"


def test_a_name_may_stand_for_an_object_of_that_very_name() -> None:
    assert names.list_candidates("fruit") == (names.build_object_name("fruit"), "fruit")
    assert names.list_candidates("My_Model") == (names.build_object_name("My_Model"),)
    assert names.list_candidates("a" * 254) == (names.build_object_name("a" * 254),)


@pytest.mark.parametrize("name", ["", "-a", ".", "a/b", "a b", "a\n", "é", "a" * 256, "a\x00", "\ufffd"])
def test_what_is_no_name_is_refused_with_where_it_stands(name: str) -> None:
    with pytest.raises(Problem, match="is not a name") as refused:
        names.check_name(name, "modelName")
    assert (refused.value.status, refused.value.target) == (400, "modelName")
