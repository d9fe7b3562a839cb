"""What becomes of labels that a person sends."""

import dataclasses

import pytest

from darkroom_labels.coco_labels import Label, LabelFile, Review
from darkroom_server.http.problems import Problem
from darkroom_server.pages.content import reviewing
from tests.support.server.results import PROPOSED, TAGS

FILE = LabelFile(TAGS, PROPOSED)
UNTOUCHED = {"tag": "apple", "box": [0.1, 0.2, 0.3, 0.4]}


def test_a_label_that_nobody_touched_keeps_its_score_and_a_changed_one_does_not() -> None:
    for sent, score in ((UNTOUCHED, 0.55), ({**UNTOUCHED, "tag": "pear"}, None)):
        changed = reviewing.change(FILE, [{"number": 0, "review": "accepted", "labels": [sent]}])
        assert changed.images[0].labels[0].score == score
        assert changed.images[1:] == FILE.images[1:]


def test_only_accepted_images_are_handed_out() -> None:
    images = (
        dataclasses.replace(PROPOSED[0], review=Review.ACCEPTED),
        dataclasses.replace(PROPOSED[1], review=Review.REJECTED),
        PROPOSED[2],
    )
    assert reviewing.keep_accepted(LabelFile(TAGS, images)).images == images[:1]
    assert reviewing.count_reviews(LabelFile(TAGS, images)) == {"pending": 1, "accepted": 1, "rejected": 1}


def test_tags_of_whole_images_have_no_boxes() -> None:
    tagged = LabelFile(TAGS, (dataclasses.replace(PROPOSED[0], labels=(Label("apple"),)),))
    assert (reviewing.has_boxes(tagged), reviewing.has_boxes(FILE)) == (False, True)


@pytest.mark.parametrize("number", [True, -1, 3, "0", None, 0.0])
def test_a_number_that_names_no_image_is_refused(number: object) -> None:
    with pytest.raises(Problem, match="there is no image"):
        reviewing.change(FILE, [{"number": number, "review": "accepted", "labels": []}])


@pytest.mark.parametrize("tag", ["melon", None, ["apple"], {}])
def test_a_tag_that_the_file_does_not_have_is_refused(tag: object) -> None:
    with pytest.raises(Problem, match="none of the tags"):
        reviewing.change(FILE, [{"number": 0, "review": "accepted", "labels": [{**UNTOUCHED, "tag": tag}]}])


def test_the_name_of_a_file_that_no_answer_could_hold_is_shown_with_a_mark() -> None:
    file = LabelFile(TAGS, (dataclasses.replace(PROPOSED[0], file_name="a\udcff.png"),))
    assert reviewing.describe_review(file, "1")["images"][0]["name"] == "a?.png"


def test_more_labels_than_an_image_may_have_are_refused() -> None:
    labels = [UNTOUCHED] * (reviewing.MAX_LABELS + 1)
    with pytest.raises(Problem, match="at most 1,000 labels"):
        reviewing.change(FILE, [{"number": 0, "review": "accepted", "labels": labels}])
