import itertools
import json
from typing import Any

import pytest

from darkroom_labels.coco_labels import build_document
from darkroom_labels.coco_reading import read_coco
from darkroom_labels.errors import LabelsUnusable
from darkroom_labels.label_studio_export import read_export
from darkroom_labels.merging import Merged, merge_labels
from darkroom_labels.readings import Reading
from tests.unit.labels.documents import a_box, a_choice, a_coco, a_task, an_annotation, own_data

Entry = dict[str, Any]
LABELLED = a_coco([{"file_name": "images/01.png"}], [{"image_id": 1, "bbox": [10, 10, 20, 20]}])
ALL = a_coco([{"file_name": f"images/0{n}.png"} for n in (1, 2, 3)], [{"image_id": 1, "bbox": [10, 10, 20, 20]}])


def a_reading(document: Any, name: str = "x.json") -> Reading:
    return read_export(document, name) if isinstance(document, list) else read_coco(document, name)


def merge(base: Entry, *reviewed: Any, add_tags: bool = False) -> Merged:
    readings = [a_reading(document, f"{at}.json") for at, document in enumerate(reviewed)]
    return merge_labels(a_reading(base, "base.json"), readings, add_tags=add_tags)


def show(merged: Merged) -> dict[str, Any]:
    """Return the labels of the merged file by the name of the image."""
    document = json.loads(build_document(merged.file))
    names = {entry["id"]: entry["file_name"] for entry in document["images"]}
    tags = {entry["id"]: entry["name"] for entry in document["categories"]}
    found: dict[str, Any] = {name: [] for name in names.values()}
    for entry in document["annotations"]:
        assert "score" not in entry
        found[names[entry["image_id"]]].append((tags[entry["category_id"]], *entry.get("bbox", ())))
    return found


def own_task(name: str, *items: Entry, number: int = 1, **fields: Any) -> Entry:
    return a_task(f"/data/{name}", an_annotation(*items), number=number, data=own_data(f"images/{name}"), **fields)


def prelabels(*names: str, review: str = "pending") -> Entry:
    images = [{"file_name": f"images/{name}", "review": review, "uncertainty": 0.5} for name in names]
    boxes = [{"image_id": at, "bbox": [0.5, 0.5, 0.5, 0.5], "score": 0.8} for at in range(1, len(names) + 1)]
    return a_coco(images, boxes)


FIRST = ("apple", 0.1, 0.2, 0.2, 0.4)


def test_labels_come_back_to_the_base_and_bring_their_pictures() -> None:
    merged = merge(LABELLED, [own_task("02.png", a_box("pear")), own_task("03.png", number=2)])
    assert show(merged) == {
        "images/01.png": [FIRST],
        "images/02.png": [("pear", 0.1, 0.2, 0.3, 0.4)],
        "images/03.png": [],
    }
    assert (merged.kept, merged.reviewed, merged.empty, merged.notes) == (1, 2, 1, ())


def test_reviewed_and_empty_goes_in_and_unlabelled_stays_out() -> None:
    merged = merge(ALL, [a_task("02.png", an_annotation()), a_task("03.png", number=2)])
    assert show(merged) == {"images/01.png": [FIRST], "images/02.png": []}
    document = json.loads(build_document(merged.file))
    assert [entry.get("review") for entry in document["images"]] == [None, "accepted"]
    assert any('write "review": "accepted"' in note and "images/03.png" in note for note in merged.notes)
    again = merge(document, [a_task("images/01.png", an_annotation(a_box("pear")))])
    assert show(again) == {"images/01.png": [("pear", 0.1, 0.2, 0.3, 0.4)], "images/02.png": []}


def test_what_a_person_said_replaces_what_the_base_has() -> None:
    merged = merge(LABELLED, [a_task("01.png", an_annotation(a_box("pear")))])
    assert show(merged) == {"images/01.png": [("pear", 0.1, 0.2, 0.3, 0.4)]}
    assert (merged.kept, merged.reviewed) == (0, 1)


def test_accepted_images_of_the_page_are_labels_and_pending_and_rejected_ones_are_not() -> None:
    reviewed = prelabels("02.png", "03.png", "04.png")
    for entry, review in zip(reviewed["images"], ("accepted", "rejected", "pending"), strict=True):
        entry["review"] = review
    merged = merge(LABELLED, reviewed)
    assert show(merged) == {"images/01.png": [FIRST], "images/02.png": [("apple", 0.5, 0.5, 0.5, 0.5)]}
    assert merged.notes == ("0.json: 1 rejected images are left out; label them by hand: image 2 (images/03.png)",)


def test_a_file_of_proposals_names_the_pictures_that_another_tool_exports_by_their_file_names() -> None:
    cvat = a_coco([{"file_name": "02.png", "id": 0}], [{"image_id": 0, "bbox": [10, 10, 20, 20], "category_id": 2}])
    merged = merge(LABELLED, prelabels("02.png", "03.png"), cvat)
    assert show(merged) == {"images/01.png": [FIRST], "images/02.png": [("pear", 0.1, 0.2, 0.2, 0.4)]}


@pytest.mark.parametrize(
    "image",
    [
        {"coco_url": "AmlDatastore://store/fruit/images/02.png", "width": 100.0, "height": 50.0},
        {"file_name": "images\\02.png"},
        {"file_name": "..\\..\\label-studio\\data\\media\\upload\\7\\ab12cd34-02.png"},
    ],
    ids=["Azure ML", "Windows", "Label Studio's COCO"],
)
def test_coco_files_of_other_tools_lead_to_the_base_s_pictures(image: Entry) -> None:
    export = a_coco([{**image, "id": 0}], [{"image_id": 0, "bbox": [0.5, 0.5, 0.5, 0.5], "category_id": 2}])
    assert show(merge(ALL, export))["images/02.png"] == [("pear", 0.5, 0.5, 0.5, 0.5)]


def test_an_image_without_labels_of_a_tool_that_tells_no_review_is_not_taken_as_empty() -> None:
    merged = merge(
        ALL, a_coco([{"file_name": "02.png"}, {"file_name": "01.png"}], [{"image_id": 2, "bbox": [0, 0, 1, 1]}])
    )
    assert "images/02.png" not in show(merged)
    assert any("not taken as empty" in note and "image 1 (02.png)" in note for note in merged.notes)


@pytest.mark.parametrize(("score", "is_taken"), [(0.6, False), (1.0, True)])
def test_a_model_s_own_guesses_are_no_labels(score: float, is_taken: bool) -> None:
    export = a_coco([{"file_name": "02.png"}], [{"image_id": 1, "bbox": [0, 0, 1, 1], "score": score}])
    merged = merge(ALL, export)
    assert ("images/02.png" in show(merged)) is is_taken
    assert any("own guesses" in note for note in merged.notes) is not is_taken


def test_the_bytes_do_not_depend_on_the_order_of_the_files_nor_of_the_labels() -> None:
    files = [
        a_reading([own_task("03.png", a_box("pear"), a_box("apple"), a_box("pear", 1))], "a.json"),
        a_reading([own_task("02.png", a_box("apple"))], "b.json"),
        a_reading([own_task("03.png", a_box("pear", 1), a_box("apple"), a_box("pear"))], "c.json"),
        a_reading(prelabels("04.png", "02.png", "03.png"), "d.json"),
    ]
    base = a_reading(LABELLED, "base.json")
    merged = [merge_labels(base, order) for order in itertools.permutations(files)]
    assert {build_document(one.file) for one in merged} == {build_document(merged[0].file)}
    assert {one.notes for one in merged} == {merged[0].notes}
    assert list(show(merged[0])) == ["images/01.png", "images/02.png", "images/03.png"]


@pytest.mark.parametrize(
    ("base", "reviewed", "said"),
    [
        (ALL, [[own_task("09.png", a_box("pear"))]], r"1 labelled pictures are none.*0.json task 1 \(images/09.png\)"),
        (LABELLED, [[a_task("09.png", an_annotation())]], r"none of the base's: 0.json task 1 \(09.png\)"),
        (LABELLED, [prelabels("02.png"), [own_task("03.png", a_box("pear"))]], "none of the base's: 1.json task 1"),
        (LABELLED, [[own_task("02.png", a_box("fig"))]], r"1 tags are none of base.json's: 'fig' \(0.json task 1"),
        (
            LABELLED,
            [[own_task("02.png", a_box("pear"))], [own_task("02.png", a_box("apple"))]],
            r"1.json task 1 \(images/02.png\) and 0.json task 1 .* different labels",
        ),
        (LABELLED, [[own_task("02.png", a_choice("pear"))]], "reviewed labels are tags of whole images"),
        (a_coco([]), [[]], "nothing to merge"),
        (
            a_coco([{"file_name": "a/1.png"}, {"file_name": "b/1.png"}]),
            [[a_task("1.png", an_annotation())]],
            r"0.json task 1 \(1.png\): '1.png' may be 'a/1.png' and 'b/1.png'; give the pictures different names",
        ),
    ],
    ids=[
        "a task of another dataset",
        "an export of another dataset",
        "a task that the proposals do not list",
        "tags that differ",
        "two people who differ",
        "tags among boxes",
        "nothing",
        "a name of two pictures",
    ],
)
def test_what_cannot_be_meant_is_refused_by_name(base: Entry, reviewed: list[Any], said: str) -> None:
    with pytest.raises(LabelsUnusable, match=said):
        merge(base, *reviewed)


def test_tags_that_the_base_lacks_come_last_where_they_are_asked_for() -> None:
    merged = merge(LABELLED, [own_task("02.png", a_box("quince"), a_box("fig"))], add_tags=True)
    assert merged.file.tags == ("apple", "pear", "fig", "quince")


def test_two_entries_of_one_file_are_one_picture() -> None:
    twice = a_coco(
        [{"file_name": "1.png"}, {"file_name": "./1.png"}],
        [{"image_id": 1, "bbox": [0, 0, 1, 1]}, {"image_id": 2, "bbox": [0, 0, 0.5, 1]}],
    )
    merged = merge(twice, [a_task("1.png")])
    assert show(merged) == {"1.png": [("apple", 0, 0, 0.5, 1), ("apple", 0, 0, 1, 1)]}
