"""Random and mutated annotation files: only named problems may come out of their reader."""

import copy
import json
import warnings
from typing import Any

import pytest
from hypothesis import assume, given, strategies as st

from darkroom_api.v1alpha1 import common, dataset
from darkroom_trainer.data.coco import json_stream, merging
from darkroom_trainer.data.records.findings import Advice, Findings
from tests.fuzz.effort import fuzzed
from tests.support.coco_builders import Coco, a_source
from tests.support.hostile.cases import a_document

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(codec=None), max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=8,
)
HOSTILE = st.sampled_from(
    [2**63, -(2**63), 2**64, 1e308, -1e308, 5e-324, -0.0, "", " ", "\0", "..", "/", "../x", "\ud800", "https://[",
     "x" * 5000, "https://h:99999/", "file:///etc/passwd", "s3://", "https://", "\u202e", [[]], {}, True]
)  # fmt: skip
FIELDS = [
    ("images", "id"), ("images", "width"), ("images", "height"), ("images", "file_name"), ("images", "absolute_url"),
    ("images", "coco_url"), ("annotations", "id"), ("annotations", "image_id"), ("annotations", "category_id"),
    ("annotations", "bbox"), ("annotations", "iscrowd"), ("categories", "id"), ("categories", "name"),
]  # fmt: skip
VALUES = ANYTHING | HOSTILE | st.lists(st.floats() | st.integers() | HOSTILE, min_size=3, max_size=5)


@st.composite
def mutated(draw: st.DrawFn) -> Coco:
    """Return a good document with some fields changed, removed or whole entries replaced."""
    coco = copy.deepcopy(a_document())
    for _ in range(draw(st.integers(1, 6))):
        section, field = draw(st.sampled_from(FIELDS))
        entries = coco.get(section)
        if not isinstance(entries, list) or not entries:
            continue
        row = draw(st.integers(0, len(entries) - 1))
        action = draw(st.sampled_from(["set", "set", "set", "drop", "replace", "repeat", "section"]))
        _mutate(coco, section, row, field, action, draw(VALUES))
    return coco


def _mutate(coco: Coco, section: str, row: int, field: str, action: str, value: Any) -> None:
    entries = coco[section]
    if action == "section":
        coco[section] = value
    elif action == "replace" or not isinstance(entries[row], dict):
        entries[row] = value
    elif action == "repeat":
        entries.append(dict(entries[row]))
    elif action == "drop":
        entries[row].pop(field, None)
    else:
        entries[row][field] = value


def read(text: bytes, kind: str) -> Findings:
    """Return what is found in a file; a warning of numpy or Python counts as a crash."""
    findings = Findings()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        catalog = merging.build_catalog([text], a_source("file:///data/train.json", kind=kind), findings)
    noted: list[dataset.Problem | Advice] = [*findings.problems, *findings.advice]
    for problem in noted:
        assert problem.subject.isprintable()
        json.dumps(problem.to_json(), ensure_ascii=False).encode()
    for image in catalog.images:
        assert image.uri is None or image.uri.startswith(("file:///data/", "s3://", "https://"))
        crowd = image.crowd.labels if image.crowd else ()
        assert all(0 <= label < len(catalog.tags) for label in (*image.labels, *crowd))
    return findings


@pytest.mark.parametrize("kind", list(common.AnnotationKind))
@fuzzed
@given(coco=mutated())
def test_a_mutated_document_ends_in_named_problems(kind: str, coco: Coco) -> None:
    read(json.dumps(coco).encode(), kind)


@fuzzed
@given(text=st.binary(max_size=300))
def test_random_bytes_are_no_annotation_file(text: bytes) -> None:
    assert read(text, "imageObjectDetection").problem_count


@fuzzed
@given(places=st.lists(st.tuples(st.integers(0, 2000), st.binary(max_size=3)), min_size=1, max_size=5))
def test_a_document_with_bytes_replaced_ends_in_named_problems(places: list[tuple[int, bytes]]) -> None:
    text = bytearray(json.dumps(a_document()).encode())
    for place, data in places:
        begin = place % len(text)
        text[begin : begin + len(data)] = data
    read(bytes(text), "imageObjectDetection")


@fuzzed
@given(document=st.dictionaries(st.text(max_size=4), ANYTHING, max_size=5), window=st.integers(40, 200))
def test_reading_in_windows_gives_what_reading_at_once_gives(document: dict[str, Any], window: int) -> None:
    text = json.dumps(document, ensure_ascii=False, indent=1).encode("utf-8", "replace")
    expected = {key: value for key, value in json.loads(text).items() if isinstance(value, list)}
    found: dict[str, list[Any]] = {}
    longest = max((len(json.dumps(value, indent=1)) for value in document.values()), default=0)
    try:
        top = json_stream.read_document(text, lambda key, batch: found.setdefault(key, []).extend(batch), window)
    except json_stream.JsonProblem:
        assume(longest + 64 > window)  # an entry that fits is never refused
        return
    assert top.lists == set(expected)
    assert repr(found) == repr({key: value for key, value in expected.items() if value})
