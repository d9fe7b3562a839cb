"""Files of labels as Darkroom writes them, and what else may lie in a bucket."""

import json
from typing import Any

import pytest

from darkroom_labels.coco_labels import LabelFile, build_document
from darkroom_server.pages.content.label_document import MAX_COLLECTIONS, NotOurs, read_box, read_document
from tests.support.server.results import PROPOSED, TAGS


def test_what_darkroom_writes_is_read_back() -> None:
    file = LabelFile(TAGS, PROPOSED)
    assert read_document(build_document(file)) == file


def _change(**fields: Any) -> bytes:
    document = json.loads(build_document(LabelFile(TAGS, PROPOSED)))
    for section, change in fields.items():
        document[section][0] |= change
    return json.dumps(document).encode()


@pytest.mark.parametrize(
    "data",
    [
        b"", b"[]", b"{}", b"\xff", b"[" * 100_000,
        _change(annotations={"image_id": 99}),
        _change(annotations={"category_id": None}),
        _change(annotations={"bbox": [0, 0, 2, 2]}),
        _change(annotations={"bbox": [0, 0, 0, 1]}),
        _change(annotations={"bbox": ["a", 0, 1, 1]}),
        _change(images={"review": "perhaps"}),
        _change(images={"file_name": 7}),
        _change(categories={"name": {"a": 1}}),
        _change(categories={"name": "\ud800"}),
        _change(images={"id": 2}, annotations={"image_id": 2}),
        _change()[:-1] + b', "more": [' + b"{}," * MAX_COLLECTIONS + b"{}]}",
        _change(annotations={"bbox": [10**400, 0, 1, 1]}),
    ],
)  # fmt: skip
def test_anything_else_is_refused(data: bytes) -> None:
    with pytest.raises(NotOurs):
        read_document(data)


@pytest.mark.parametrize(
    "preview", ["../secret", "previews/../x.jpg", "previews/1.svg", 7, "https://evil.example/1.jpg"]
)
def test_a_preview_elsewhere_counts_as_absent(preview: object) -> None:
    assert read_document(_change(images={"preview": preview})).images[0].preview is None


def test_a_size_that_no_number_can_hold_counts_as_absent() -> None:
    assert read_document(_change(images={"width": 10**400})).images[0].width is None


def test_a_box_that_rounding_has_pushed_over_an_edge_is_cut() -> None:
    left, _, width, _ = read_box([0.8, 0, 0.2000001, 1])
    assert left + width == 1
