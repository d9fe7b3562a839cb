"""inspection.html: what is in a dataset, problems apart from advice, and hostile names harmless."""

import pathlib

import pytest

from darkroom_storage.errors import StorageError
from darkroom_trainer.data.inspection.examination import Examination
from darkroom_trainer.data.records.catalog import CatalogImage
from darkroom_trainer.report import writing
from darkroom_trainer.report.inputs import InspectionInputs
from tests.support.coco_builders import (
    MISSING,
    Coco,
    a_coco,
    a_scene,
    an_annotation,
)
from tests.support.examinations import a_hostile_dataset, examine, read_local
from tests.support.pages import Page


def show(examination: Examination) -> Page:
    """Return the page with pictures."""
    return Page(writing.build_inspection_page(InspectionInputs(examination, read_local)).decode())


def test_hostile_tags_are_shown_and_never_become_markup(tmp_path: pathlib.Path) -> None:
    page = show(a_hostile_dataset(tmp_path))
    assert "<script>alert(1)</script>" in page.text
    assert not page.open
    assert not page.strays
    assert not {"script", "link", "iframe"} & {name for name, _ in page.elements}
    sources = [attributes["src"] for name, attributes in page.elements if name == "img"]
    assert sources
    assert all((source or "").startswith("data:image/jpeg;base64,") for source in sources)
    assert not [key for _, attributes in page.elements for key in attributes if key.startswith("on")]


def test_problems_stand_apart_from_advice(tmp_path: pathlib.Path) -> None:
    coco = a_coco(annotations=[an_annotation(1), an_annotation(2, image_id=2, bbox=[0.9, 0.9, 0.5, 0.5])])
    text = show(examine(tmp_path, coco)).text
    assert "1 problem" in text
    problem = text.index("annotation 2 (image 2)")
    assert text.index("Each of these stops") < problem < text.index("None of this stops a training")


def test_a_sound_dataset_is_ready_and_has_no_problems(tmp_path: pathlib.Path) -> None:
    pictures = {f"images/{at}.png": a_scene(at) for at in (1, 2)}
    text = show(examine(tmp_path, a_coco(), pictures)).text
    assert "Ready to train on" in text
    assert "Each of these stops" not in text


def test_no_picture_is_read_where_none_is_wanted(tmp_path: pathlib.Path) -> None:
    page = Page(writing.build_inspection_page(InspectionInputs(a_hostile_dataset(tmp_path))).decode())
    assert "img" not in [name for name, _ in page.elements]


def fail_to_read(_image: CatalogImage) -> bytes:
    raise StorageError("the bucket is gone")


def test_a_bucket_that_is_gone_costs_the_pictures_only(tmp_path: pathlib.Path) -> None:
    page = Page(writing.build_inspection_page(InspectionInputs(a_hostile_dataset(tmp_path), fail_to_read)).decode())
    assert "img" not in [name for name, _ in page.elements]
    assert "Shapes and sizes" in page.text


EMPTY: dict[str, Coco] = {
    "no images": a_coco(images=[], annotations=[]),
    "no tags": a_coco(annotations=[], categories=[]),
    "nothing at all": {"images": [], "annotations": [], "categories": []},
}


@pytest.mark.parametrize("coco", EMPTY.values(), ids=EMPTY)
def test_a_dataset_without_anything_has_a_page_too(coco: Coco, tmp_path: pathlib.Path) -> None:
    page = show(examine(tmp_path, coco))
    assert not page.open
    assert "fruit" in page.text


def test_a_dataset_none_of_whose_images_can_be_read_has_a_page(tmp_path: pathlib.Path) -> None:
    coco = a_coco()
    page = show(examine(tmp_path, coco, {image["file_name"]: MISSING for image in coco["images"]}))
    assert "2 problems" in page.text
    assert "Shapes and sizes" not in page.text
