"""Two measurements side by side."""

import pytest

from darkroom_server.pages.content.comparison import Row, compare
from tests.support.server.finished import a_performance


def test_the_tags_that_differ_most_come_first_and_one_of_one_side_only_has_no_difference() -> None:
    compared = compare(a_performance(apple=0.5, pear=0.2, fig=0.1), a_performance(apple=0.6, pear=0.9))
    assert [(row.title, row.difference) for row in compared.tags] == [
        ("pear", pytest.approx(0.7)), ("apple", pytest.approx(0.1)), ("fig", None),
    ]  # fmt: skip
    assert compared.overall == [Row("mAP@50", 0.8, 0.8)]


@pytest.mark.parametrize(
    ("left", "right", "says"),
    [(0.5, 0.9, "right one scores higher, and the intervals do not"), (0.55, 0.5, "left one scores higher, but"),
     (0.5, 0.5, "the same")],
)  # fmt: skip
def test_the_verdict_claims_no_more_than_the_intervals_show(left: float, right: float, says: str) -> None:
    assert says in compare(a_performance(left), a_performance(right)).verdict
