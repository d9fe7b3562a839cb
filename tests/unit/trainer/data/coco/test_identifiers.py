"""Ids as whole numbers of any size and as text: which are the same, and how they are shown."""

from typing import Any

import pytest

from darkroom_trainer.data.coco import identifiers
from darkroom_trainer.data.coco.identifiers import IdBook, TooManyIds
from tests.support.coco_builders import a_coco, an_annotation, an_image, read_catalog, shown

UUID = 0x8F14E45FCEEA467A9575C4B2F29A0D3C

SAME: dict[str, tuple[Any, Any]] = {
    "a number and a float": (7, 7.0),
    "a number and its digits": (7, "7"),
    "a number of 128 bits and its digits": (UUID, str(UUID)),
    "a text twice": ("a.png", "a.png"),
    "zero and minus zero": (0, "-0"),
}
DIFFERENT: dict[str, tuple[Any, Any]] = {
    "two numbers of 128 bits": (UUID, UUID + 1),
    "two texts": ("a.png", "b.png"),
    "texts that differ by case": ("a", "A"),
    "digits with a zero before them": ("07", 7),
    "a text and a number beyond 63 bits": ("x", -(2**63)),
    "the numbers around 62 bits": (2**62 - 1, 2**62),
}
NO_IDS: dict[str, Any] = {
    "nothing": None,
    "true": True,
    "half": 0.5,
    "not a number": float("nan"),
    "infinity": float("inf"),
    "a list": [1],
    "an empty text": "",
    "a blank": " ",
    "half of a character": "\ud800",
    "a text of 2,000 characters": "x" * 2000,
    "a number of 1,000 bits": 2**1000,
}


@pytest.mark.parametrize(("one", "other"), SAME.values(), ids=SAME.keys())
def test_ids_that_can_only_mean_one_thing_are_the_same(one: Any, other: Any) -> None:
    ids = IdBook()
    assert ids.to_number(one) == ids.to_number(other) is not None


@pytest.mark.parametrize(("one", "other"), DIFFERENT.values(), ids=DIFFERENT.keys())
def test_other_ids_differ(one: Any, other: Any) -> None:
    ids = IdBook()
    assert ids.to_number(one) != ids.to_number(other)


@pytest.mark.parametrize("value", NO_IDS.values(), ids=NO_IDS.keys())
def test_what_is_neither_a_whole_number_nor_a_text_is_no_id(value: Any) -> None:
    ids = IdBook()
    assert ids.to_number(value) is None
    assert ids.to_column([1, value]) is None


@pytest.mark.parametrize("value", [0, -5, 2**62 - 1, 2**62, -(2**63), UUID, "a.png", "ä b"])
def test_an_id_comes_back_as_it_was_written(value: Any) -> None:
    ids = IdBook()
    column = ids.to_column([value, 3])
    assert column is not None
    assert [ids.get_written(number) for number in column.tolist()] == [value, 3]


@pytest.mark.parametrize(
    ("value", "text"), [(7, "7"), (UUID, str(UUID)), ("a.png", '"a.png"'), ('a "b"', '"a \\"b\\""')]
)
def test_messages_show_an_id_as_the_file_has_it(value: Any, text: str) -> None:
    ids = IdBook()
    number = ids.to_number(value)
    assert number is not None
    assert ids.show(number) == text


def test_more_text_ids_than_memory_should_hold_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(identifiers, "MAX_MAPPED", 2)
    ids = IdBook()
    ids.to_column(["a", "b", "a"])
    with pytest.raises(TooManyIds, match="more than 2 ids that are text or beyond 62 bits; number images"):
        ids.to_number("c")


def test_images_are_found_by_ids_of_text_and_of_128_bits() -> None:
    coco = a_coco(
        images=[an_image("a.png"), an_image(UUID)],
        annotations=[an_annotation("x", image_id="a.png"), an_annotation(UUID, image_id=UUID, category_id="pear")],
        categories=[{"id": "1", "name": "apple"}, {"id": "pear", "name": "pear"}],
    )
    catalog, findings = read_catalog(coco)
    assert shown(findings) == []
    assert catalog.tags == ("apple", "pear")
    assert [(image.image_id, image.labels) for image in catalog.images] == [("a.png", (0,)), (UUID, (1,))]
    assert catalog.images[0].subject == 'train.json image "a.png" (images/a.png.png)'


def test_a_problem_names_ids_of_text_as_they_are_written() -> None:
    coco = a_coco(annotations=[an_annotation("x"), an_annotation("y", image_id="nowhere")])
    _, findings = read_catalog(coco)
    assert shown(findings) == [
        'train.json annotation "y": image_id "nowhere" is not in images; add the image or remove the annotation'
    ]


def test_a_number_and_its_digits_are_one_id_twice() -> None:
    _, findings = read_catalog(a_coco(images=[an_image(1), an_image(2), an_image("2", file_name="c.png")]))
    assert shown(findings) == ["train.json image 2: id occurs 2 times; image ids must differ"]


def test_tags_of_text_ids_are_in_the_order_of_the_categories() -> None:
    coco = a_coco(
        categories=[{"id": "z", "name": "pear"}, {"id": "b", "name": "apple"}],
        annotations=[an_annotation(1, category_id="b"), an_annotation(2, image_id=2, category_id="z")],
    )
    assert read_catalog(coco)[0].tags == ("pear", "apple")
