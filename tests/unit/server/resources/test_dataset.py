"""Datasets of the interface. What clients see of them is in tests/unit/server/routes/test_datasets.py."""

import json
from datetime import UTC, datetime

import pytest

from darkroom_api.v1alpha1.common import AnnotationKind
from darkroom_api.v1alpha1.dataset import DatasetSpec, DatasetStatus
from darkroom_server.backends.backend import Stored
from darkroom_server.resources import dataset as datasets

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
