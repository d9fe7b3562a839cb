"""The same objects written as COCO, YOLO and Pascal VOC are the same boxes, tags and counts."""

import json
import pathlib
import tempfile

import numpy as np
from hypothesis import given, settings, strategies as st

from tests.support.coco_builders import a_source, shown
from tests.unit.trainer.label_folders import (
    HEIGHT,
    WIDTH,
    Object,
    a_label_source,
    read_labels,
    to_coco,
    to_voc,
    to_yolo,
    write_files,
)

TAGS = ("bolt", "nut", "ä ö")


@st.composite
def draw_object(draw: st.DrawFn) -> Object:
    """Draw a tag and a box of whole pixels within an image, the whole image among them."""
    left, top = draw(st.integers(0, WIDTH - 1)), draw(st.integers(0, HEIGHT - 1))
    width, height = draw(st.integers(1, WIDTH - left)), draw(st.integers(1, HEIGHT - top))
    return draw(st.sampled_from(TAGS)), (left, top, width, height)


IMAGES = st.dictionaries(st.sampled_from(["a", "b 1", "c.d", "é"]), st.lists(draw_object(), max_size=4), min_size=1)


@settings(max_examples=25, deadline=None)
@given(images=IMAGES.filter(lambda images: any(images.values())))
def test_a_dataset_is_the_same_in_every_format(images: dict[str, list[Object]]) -> None:
    with tempfile.TemporaryDirectory() as place:
        folder = pathlib.Path(place)
        pictures = {f"images/{name}.png": b"not read here" for name in images}
        documents = {f"xml/{name}.xml": to_voc(name, objects) for name, objects in images.items()}
        coco = {"train.json": json.dumps(to_coco(images, TAGS))}
        write_files(folder, {**pictures, **documents, **to_yolo(images, TAGS), **coco})
        sources = [
            a_source((folder / "train.json").as_uri()),
            a_label_source("YOLO", folder, "data.yaml"),
            a_label_source("PascalVOC", folder, "xml/"),
        ]
        read = [read_labels(source) for source in sources]
    assert [shown(findings) for _, findings, _ in read] == [[], [], []]
    assert len({catalog.annotations for catalog, _, _ in read}) == 1
    first = read[0][0]
    wanted = {image.uri: image for image in first.images}
    for catalog, _, _ in read[1:]:
        assert {image.uri for image in catalog.images} == set(wanted)
        for image in catalog.images:
            other = wanted[image.uri]
            np.testing.assert_allclose(image.boxes, other.boxes, atol=1e-6)
            assert [catalog.tags[label] for label in image.labels] == [first.tags[label] for label in other.labels]
