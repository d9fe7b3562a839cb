"""COCO files in which the kinds of files that people bring are mixed: every annotation is read, or its loss is told."""

import json
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from hypothesis import given, strategies as st

from darkroom_api.v1alpha1.common import AnnotationKind
from darkroom_trainer.data.coco import merging
from darkroom_trainer.data.records.catalog import Catalog
from darkroom_trainer.data.records.findings import Findings, Issue
from tests.fuzz.effort import fuzzed
from tests.support.coco_builders import Coco, a_source

SIDE = 200
ID_FORMS: dict[str, Any] = {
    "from 1": lambda at: at + 1,
    "from 0": lambda at: at,
    "in quotes": lambda at: str(at),
    "as floats": float,
    "of 128 bits": lambda at: 2**127 + at,
    "names": lambda at: f"picture {at}.png",
    "mixed": lambda at: [at, f"n{at}", 2**100 + at][at % 3],
}
"""Ids by their place in a list."""
BOX_FORMS: dict[str, Any] = {
    "relative": lambda box: [number / SIDE for number in box],
    "in pixels": lambda box: box,
    "ltrb_pixels": lambda box: [box[0], box[1], box[0] + box[2], box[1] + box[3]],
    "cxcywh_relative": lambda box: [
        (box[0] + box[2] / 2) / SIDE, (box[1] + box[3] / 2) / SIDE, box[2] / SIDE, box[3] / SIDE
    ],
    "ltwh_percent": lambda box: [100 * number / SIDE for number in box],
}  # fmt: skip
PLAIN = ("relative", "in pixels")
CUT = ("over by a pixel", "over by rounding")
TOLD = ("polygon", "turned", "angle")
READABLE = ("crowd", "crowd as text", *CUT, *TOLD)
REFUSED = (
    "mask", "no box", "far outside", "flat", "unknown image", "unknown category", "id missing", "text in the box",
    "no object",
)  # fmt: skip
"""Oddities of an annotation by what becomes of it."""
NAMES = ("nut", "Nut", "nut ", "bolt", "washer", "parts")
NUMBERS = st.integers(0, 2**48 - 1)
"""Each is split into all that an annotation needs: ten draws in its place would take most of an example's time."""
FORMS = st.sampled_from([*BOX_FORMS] * 3 + ["unheard of"])
ID_FORM_NAMES = st.sampled_from(sorted(ID_FORMS))
FILES = st.lists(st.sampled_from([(file, size) for file in range(4) for size in (SIDE, SIDE, SIDE, SIDE + 40)]),
                 min_size=1, max_size=5)  # fmt: skip
TAGS = st.lists(st.sampled_from(NAMES), min_size=1, max_size=4)
ONE_IN_TEN, ONE_IN_FOUR, COUNTS = st.integers(0, 9), st.integers(0, 3), st.integers(0, 12)
GROUPS = st.sampled_from([None, "none", "parts"])


def split(number: int, *sizes: int) -> Iterator[int]:
    """Yield a number below each of these sizes, all of them parts of one."""
    for size in sizes:
        number, part = divmod(number, size)
        yield part


@dataclass
class Mixed:
    """A document and how many entries its list of annotations has."""

    coco: Coco
    count: int
    kinds: set[str] = field(default_factory=set)


@st.composite
def mixed(draw: st.DrawFn) -> Mixed:
    """Return a document of some images, tags and annotations, each in one of the forms that are met."""
    form = draw(FORMS)
    image_id, reference, category_id, own_id = (ID_FORMS[draw(ID_FORM_NAMES)] for _ in range(4))
    if draw(ONE_IN_TEN):
        reference = image_id
    oddities = READABLE + REFUSED if draw(ONE_IN_FOUR) == 0 else READABLE
    files, names = draw(FILES), draw(TAGS)
    made = Mixed({"images": [], "annotations": [], "categories": []}, 0)
    for at, (file, size) in enumerate(files):
        made.coco["images"].append(
            {"id": image_id(at), "width": size, "height": size, "file_name": f"{file}.png", "coco_url": " "}
        )
    group = draw(GROUPS)
    for at, name in enumerate(names):
        made.coco["categories"].append({"id": category_id(at), "name": name, "supercategory": group})
    for at in range(draw(COUNTS)):
        left, top, width, height, image, tag, odd = split(
            draw(NUMBERS), 151, 151, 50, 50, len(files), len(names), 2 * len(oddities)
        )
        box = [left, top, width + 1, height + 1]
        entry = {
            "id": own_id(at),
            "image_id": reference(image),
            "category_id": category_id(tag),
            "bbox": BOX_FORMS.get(form, list)(box),
            "iscrowd": 0,
        }
        if odd < len(oddities):
            made.kinds.add(oddities[odd])
            entry = make_odd(entry, oddities[odd], form)
        made.coco["annotations"].append(entry)
    made.count = len(made.coco["annotations"])
    if form not in PLAIN:
        made.coco["bbox_format"] = form
    return made


def make_odd(entry: Coco, oddity: str, form: str) -> Any:
    """Return an annotation with one oddity."""
    write = BOX_FORMS.get(form, list)
    changes: dict[str, Any] = {
        "crowd": {"iscrowd": 1},
        "crowd as text": {"iscrowd": "1"},
        "polygon": {"bbox": None, "segmentation": [[10, 10, 60, 10, 60, 90]]},
        "mask": {"bbox": [], "segmentation": {"counts": [5, 5], "size": [SIDE, SIDE]}},
        "no box": {"bbox": None},
        "over by a pixel": {"bbox": write([171, 100, 30, 30])},
        "over by rounding": {"bbox": write([-0.01, 100, 30, 30])},
        "far outside": {"bbox": write([900, 100, 30, 30])},
        "flat": {"bbox": write([100, 100, 0, 30])},
        "turned": {"attributes": {"rotation": 30.0}},
        "angle": {"angle": 0.5},
        "unknown image": {"image_id": "nowhere"},
        "unknown category": {"category_id": -77},
        "id missing": {"id": None},
        "text in the box": {"bbox": ["1", 2, 3, 4]},
    }
    return "not an object" if oddity == "no object" else entry | changes[oddity]


def read(coco: Coco, kind: AnnotationKind) -> tuple[Catalog, Findings]:
    """Read a document; a warning of numpy or Python counts as a crash."""
    findings = Findings()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        source = a_source("file:///data/train.json", kind=kind)
        return merging.build_catalog([json.dumps(coco).encode()], source, findings), findings


@fuzzed
@given(made=mixed())
def test_no_object_is_lost_without_a_word(made: Mixed) -> None:
    catalog, findings = read(made.coco, AnnotationKind.DETECTION)
    issues = set(findings.advice_counts)
    crowds = sum(len(image.crowd.labels) for image in catalog.images if image.crowd)
    boxes = sum(len(image.labels) for image in catalog.images)
    for image in catalog.images:
        assert len(image.labels) == len(image.boxes)
        assert ((image.boxes >= 0) & (image.boxes <= 1)).all()
    if findings.problem_count:
        return
    assert boxes + crowds + catalog.repeated == made.count
    assert boxes == catalog.annotations
    assert all((image.boxes[:, 2:] > 0).all() for image in catalog.images)
    assert not crowds or Issue.CROWD in issues
    assert len(catalog.images) == len(made.coco["images"]) or Issue.EXACT_DUPLICATE in issues
    assert {tag.casefold().strip() for tag in catalog.tags} <= {"nut", "bolt", "washer", "parts"}
    is_cut = made.kinds & set(CUT) and all(image["width"] == SIDE for image in made.coco["images"])
    assert not (is_cut or made.kinds & set(TOLD)) or Issue.BOX_FORM in issues


@fuzzed
@given(made=mixed())
def test_what_is_refused_is_refused_by_name(made: Mixed) -> None:
    _, findings = read(made.coco, AnnotationKind.DETECTION)
    assert not made.kinds & set(REFUSED) or findings.problem_count
    for problem in findings.problems:
        assert problem.subject.startswith(("train.json", "dataset fruit"))
        assert len(problem.message) > 10


@fuzzed
@given(made=mixed())
def test_no_tag_of_an_image_is_lost_without_a_word(made: Mixed) -> None:
    for kind in (AnnotationKind.CLASSIFICATION, AnnotationKind.MULTILABEL):
        catalog, findings = read(made.coco, kind)
        if not findings.problem_count:
            assert catalog.annotations == made.count
            named = {tag for image in catalog.images for tag in image.labels}
            assert all(catalog.categories[label].annotations for label in named)
