"""What is read of a run's result, in the words of each page of the service."""

from typing import Any

import pytest

from darkroom_shelf.detections import read_detections
from darkroom_shelf.errors import ShelfProblem


def an_object(name: str = "1", **fields: Any) -> dict[str, Any]:
    tags = [{"name": "oats", "confidence": 0.9}, {"name": "tea", "confidence": 0.05}]
    return {"id": name, "boundingBox": {"x": -3, "y": 4, "w": 10, "h": 20.5}, "tags": tags} | fields


def a_result(*products: Any, **fields: Any) -> dict[str, Any]:
    return {"imageMetadata": {"width": 100, "height": 80}, "products": list(products), "gaps": []} | fields


def test_an_object_is_told_again_as_it_came() -> None:
    (found,) = read_detections(a_result(an_object()))
    assert found.to_json() == an_object()


def test_the_words_of_older_pages_are_read_and_answered_in_those_of_the_clients() -> None:
    old = an_object(classifications=[{"label": "oats", "confidence": 0.9}])
    del old["tags"]
    (found,) = read_detections(a_result(old))
    assert found.to_json()["tags"] == [{"name": "oats", "confidence": 0.9}]


@pytest.mark.parametrize("body", [a_result(an_object()), {"runName": "r", "result": a_result(an_object())}])
def test_a_result_and_a_whole_run_are_both_taken(body: Any) -> None:
    assert [item.name for item in read_detections(body)] == ["oats"]


def test_products_and_gaps_are_one_list() -> None:
    gap = an_object("2", tags=[{"name": "Gap"}])
    first, second = read_detections(a_result(an_object(), gaps=[gap]))
    assert (first.is_gap, second.is_gap) == (False, True)


@pytest.mark.parametrize(("name", "expected"), [("oats", True), ("product", True), ("tea", False), ("gap", False)])
def test_the_planned_name_or_product_is_as_planned(name: str, expected: bool) -> None:
    (found,) = read_detections(a_result(an_object(tags=[{"name": name}])))
    assert found.fulfils("oats") is expected


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({}, "detectedProducts: it has neither products nor gaps"),
        (a_result(an_object(), an_object()), "detectedProducts.products[1].id: the id '1' is given twice"),
        (a_result(an_object(), gaps=[an_object()]), "detectedProducts.gaps[0].id: the id '1' is given twice"),
        (a_result(an_object(tags=[])), "products[0].tags: it has 0 entries"),
        (a_result(an_object(tags=[{"confidence": 1}])), "products[0].tags[0].name: it is missing"),
        (a_result(an_object(boundingBox={"x": 1, "y": 1, "w": 0, "h": 1})), "products[0].boundingBox.w: it is 0"),
        (a_result(an_object(boundingBox=[1, 2, 3, 4])), "products[0].boundingBox: it is not an object"),
        (a_result({"id": "1"}), "products[0].boundingBox: it is missing"),
        (a_result(products={}), "detectedProducts.products: it is not a list"),
        (a_result(gaps=[{}] * 20_001), "detectedProducts.gaps: there are more than 20,000 objects"),
    ],
)
def test_what_is_wrong_is_named_with_its_field(body: Any, message: str) -> None:
    with pytest.raises(ShelfProblem) as caught:
        read_detections(body)
    assert message in str(caught.value)
