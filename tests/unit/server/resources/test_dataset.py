"""Datasets of the interface. What clients see of them is in tests/unit/server/routes/test_datasets.py."""

import json
from datetime import UTC, datetime

import pytest

from darkroom_api.v1alpha1.common import AnnotationKind
from darkroom_api.v1alpha1.dataset import DatasetSpec, DatasetStatus
from darkroom_server.backends.backend import Stored
from darkroom_server.resources import dataset as datasets
from darkroom_server.resources.addresses import Placed

SPEC = DatasetSpec(annotation_kind=AnnotationKind.CLASSIFICATION, annotation_files=("s3://vision/a.json",))


def answer(key: str, text: str) -> datasets.DatasetAnswer:
    """Return what is told of a Dataset with this annotation."""
    now = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
    stored = Stored("Dataset", "default", "a", "uid", "1", now, SPEC, DatasetStatus(), annotations={key: text})
    datasets.merge(stored, datasets.DatasetPatch())
    return datasets.build_answer(stored)


@pytest.mark.parametrize(
    "text", ["", "{", "7", '"x"', "[7]", "[]", '["a", null]', '{"a": 1}', json.dumps(["x"] * 11), "[" * 100_000]
)
def test_an_annotation_that_somebody_else_wrote_counts_as_absent_where_it_makes_no_sense(text: str) -> None:
    assert answer(datasets.ANNOTATION_FILES, text).annotation_file_uris == ["s3://vision/a.json"]
    assert answer(datasets.ANNOTATION_PROPERTIES, text).custom_properties is None


def test_what_the_interface_noted_is_told() -> None:
    assert answer(datasets.ANNOTATION_FILES, '["https://old/a.json"]').annotation_file_uris == ["https://old/a.json"]
    assert answer(datasets.ANNOTATION_PROPERTIES, '{"Shop": "7"}').custom_properties == {"Shop": "7"}


@pytest.mark.parametrize(("has_new_files", "format_keys"), [(True, {"format", "splits"}), (False, set())])
def test_new_files_are_coco_files_whatever_the_old_ones_were(has_new_files: bool, format_keys: set[str]) -> None:
    wanted = datasets.DatasetPatch(annotation_file_uris=["s3://vision/b.json"])
    placed, now = Placed(("s3://vision/b.json",), None, ()), datetime(2026, 5, 4, tzinfo=UTC)
    spec = datasets.build_change(wanted, placed, None, now, has_new_files=has_new_files)["spec"]
    assert {"format", "splits"} & spec.keys() == format_keys
    assert all(spec[key] is None for key in format_keys)
