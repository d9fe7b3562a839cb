"""Files of labels and labelling configurations of strangers: each is read or refused, and the merge is a file."""

import contextlib
import json
from typing import Any

from hypothesis import given, strategies as st

from darkroom_api.v1alpha1.common import Task
from darkroom_labels.coco_labels import build_document
from darkroom_labels.command import read_labels
from darkroom_labels.errors import LabelsUnusable
from darkroom_labels.label_studio import build_control, read_labelling
from darkroom_labels.merging import merge_labels
from darkroom_labels.readings import Reading
from tests.fuzz.effort import fuzzed
from tests.fuzz.spoiling import VALUES, find_paths, spoil
from tests.support.labelling import build_labelling
from tests.unit.labels.documents import a_box, a_choice, a_coco, a_task, an_annotation, own_data

BASE = a_coco(
    [{"file_name": "a/1.png"}, {"absolute_url": "s3://v/a/2.png", "review": "accepted"}],
    [{"image_id": 1, "bbox": [10, 10, 20, 20], "attributes": {"rotation": 5}}, {"image_id": 2, "bbox": [1, 2, 3, 4]}],
)
EXPORT = [
    a_task("/data/upload/7/ab12cd34-1.png", an_annotation(a_box("pear", rotation=30)), an_annotation(a_choice("pear"))),
    a_task("/data/2.png", an_annotation(a_box("apple")), number=2, data=own_data("a/2.png")),
]
CONFIG = build_labelling(build_control(Task.DETECTOR, ("apple", "pear")))


def read(document: Any, name: str) -> Reading:
    return read_labels(json.dumps(document).encode(), name)


@st.composite
def spoiled(draw: st.DrawFn, document: Any) -> Any:
    """Return a good document with up to three fields spoiled."""
    raw = json.loads(json.dumps(document))
    for _ in range(draw(st.integers(1, 3))):
        if paths := find_paths(raw):
            spoil(raw, draw(st.sampled_from(paths)), draw(VALUES), draw(st.booleans()))
    return raw


@fuzzed
@given(base=spoiled(BASE), export=spoiled(EXPORT))
def test_spoiled_files_are_merged_or_refused(base: dict[str, Any], export: list[Any]) -> None:
    with contextlib.suppress(LabelsUnusable):
        document = build_document(merge_labels(read(base, "b"), [read(export, "e")], add_tags=True).file)
        json.dumps(json.loads(document), allow_nan=False)


@fuzzed
@given(document=spoiled(BASE))
def test_a_spoiled_coco_export_is_merged_or_refused(document: dict[str, Any]) -> None:
    with contextlib.suppress(LabelsUnusable):
        merged = merge_labels(read(BASE, "b"), [read(document, "c")], add_tags=True)
        json.dumps(json.loads(build_document(merged.file)), allow_nan=False)


@fuzzed
@given(
    text=st.text(st.characters(codec=None))
    | st.builds(lambda at, more: CONFIG[:at] + more + CONFIG[at:], st.integers(0, len(CONFIG)), st.text(max_size=9))
)
def test_a_configuration_is_read_or_refused(text: str) -> None:
    with contextlib.suppress(LabelsUnusable):
        read_labelling(text)
