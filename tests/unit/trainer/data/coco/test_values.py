"""Values of an annotation file as messages show them."""

from typing import Any

import pytest

from darkroom_trainer.data.coco.values import show_value


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "nothing"),
        ("a", '"a"'),
        ([1, True], "[1, true]"),
        (float("nan"), "NaN"),
        ("x" * 100, '"' + "x" * 58 + "…"),
    ],
)
def test_a_value_is_shown_as_it_is_written_and_cut(value: Any, text: str) -> None:
    assert show_value(value) == text


def test_depth_does_no_harm() -> None:
    deep: list[Any] = []
    for _ in range(5000):
        deep = [deep]
    assert show_value(deep).startswith("[[[[")
