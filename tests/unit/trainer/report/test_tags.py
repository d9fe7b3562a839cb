"""What a report says of each tag, and of tags that are taken for each other."""

from typing import Any

import pytest

from darkroom_trainer.report import tags


def scores_of(**changes: Any) -> dict[str, Any]:
    return {"truths": 10, "right": 8, "false": 2, "missed": 2, "precision": 0.8, "recall": 0.8, "f1": 0.8, **changes}


def test_the_most_troubled_tag_comes_first_and_what_nothing_was_measured_of_last() -> None:
    scores = {"tags": {"good": scores_of(f1=0.9), "bad": scores_of(f1=0.2), "absent": scores_of(truths=0, right=0)}}
    rows = tags.build_tag_rows(scores, None, {"good": 80, "bad": 5, "only trained": 3})
    assert [row["tag"] for row in rows] == ["bad", "good", "absent", "only trained"]
    assert [row["trained"] for row in rows] == [5, 80, None, 3]


ROWS = {
    "a tag that no image has": (scores_of(truths=0, right=0, false=3), {"recall": None, "f1": None, "precision": 0.8}),
    "a tag that was never guessed": (scores_of(right=0, false=0), {"precision": None, "recall": 0.8}),
    "boxes": (scores_of(averagePrecision=0.3, averagePrecision50=0.6), {"averagePrecision": 0.6}),
}


@pytest.mark.parametrize(("scores", "shown"), ROWS.values(), ids=ROWS.keys())
def test_what_is_not_defined_is_left_open(scores: dict[str, Any], shown: dict[str, Any]) -> None:
    (row,) = tags.build_tag_rows({"tags": {"cat": scores}}, None, {})
    assert {name: row[name] for name in shown} == shown


def test_without_all_scores_those_of_the_status_are_told() -> None:
    performance = {"tagPerformance": {"cat": {"accuracy": 0.7, "averagePrecision": 0.6}}}
    (row,) = tags.build_tag_rows(None, performance, {})
    assert (row["recall"], row["averagePrecision"], row["f1"]) == (0.7, 0.6, None)


def a_confusion(count: int) -> dict[str, Any]:
    """Return a matrix of boxes in which the last two tags are taken for each other."""
    labels = [f"tag {at}" for at in range(count)] + [None]
    counts = [[row * 100 + column for column in range(count + 1)] for row in range(count + 1)]
    last = {"truth": labels[count - 1], "predicted": labels[count - 2], "count": 9}
    return {"labels": labels, "counts": counts, "mostConfused": [last, {**last, "predicted": None}]}


def test_a_small_matrix_is_shown_as_it_is() -> None:
    shown = tags.build_confusion(a_confusion(3))
    assert shown is not None
    assert (shown["tags"], shown["labels"], shown["counts"][2][:2]) == (3, a_confusion(3)["labels"], [200, 201])


def test_of_a_large_matrix_the_most_confused_tags_are_shown_with_no_box() -> None:
    count = tags.MAX_MATRIX_TAGS + 5
    shown = tags.build_confusion(a_confusion(count))
    assert shown is not None
    assert shown["labels"] == [f"tag {count - 2}", f"tag {count - 1}", None]
    assert shown["counts"][0] == [(count - 2) * 100 + at for at in (count - 2, count - 1, count)]
    assert shown["tags"] == count


@pytest.mark.parametrize("confusion", [None, {}], ids=["none", "an empty one"])
def test_without_a_matrix_there_is_nothing_to_show(confusion: dict[str, Any] | None) -> None:
    assert tags.build_confusion(confusion) is None


def test_very_many_tags_have_their_mistakes_alone() -> None:
    shown = tags.build_confusion({"labels": ["a", "b"], "mostConfused": []})
    assert shown == {"mostConfused": [], "tags": 2}


CURVE = {"recall": [0.0, 1.0], "precision": [1.0, 0.5], "threshold": [0.9, 0.1]}


def test_the_curves_are_that_of_all_tags_and_those_of_the_most_troubled() -> None:
    names = [f"tag {at}" for at in range(9)]
    scores = {"tags": {name: {"precisionRecallCurve": CURVE} for name in names}, "precisionRecallCurve": CURVE}
    rows = [{"tag": name, "truths": 0 if name == "tag 1" else 4} for name in names]
    shown = [curve["tag"] for curve in tags.build_curves(scores, rows)]
    assert shown == [None, "tag 0", *(f"tag {at}" for at in range(2, 2 + tags.MAX_CURVES - 1))]
    assert set(tags.build_curves(scores, rows)[0]) == {"tag", "recall", "precision"}


def test_one_tag_alone_has_one_curve() -> None:
    scores = {"tags": {"cat": {"precisionRecallCurve": CURVE}}, "precisionRecallCurve": CURVE}
    assert [curve["tag"] for curve in tags.build_curves(scores, [{"tag": "cat", "truths": 4}])] == [None]
    assert tags.build_curves(None, []) == []
