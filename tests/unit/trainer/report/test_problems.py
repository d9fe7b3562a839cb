"""Advice in the form that reports keep: every kind counted, the worst of each listed."""

import pytest

from darkroom_trainer.data.records.findings import Advice, Issue
from darkroom_trainer.report import problems


def some(issue: Issue, *scores: float | None) -> list[Advice]:
    return [Advice(issue, f"{at}.png", "Look.", (at,), score) for at, score in enumerate(scores)]


def test_the_commonest_kind_comes_first_and_its_worst_entries_too() -> None:
    form = problems.describe_advice([*some(Issue.DARK, 0.5), *some(Issue.BLURRY, 0.9, 0.1, None)])
    assert form["count"] == 4
    assert [(kind["issue"], kind["count"]) for kind in form["kinds"]] == [("blurry", 3), ("dark", 1)]
    assert [entry.get("score") for entry in form["kinds"][0]["entries"]] == [0.1, 0.9, None]


@pytest.mark.parametrize(("found", "listed"), [(3, 3), (problems.MAX_OF_KIND + 5, problems.MAX_OF_KIND)])
def test_more_than_a_report_tells_is_counted(found: int, listed: int) -> None:
    (kind,) = problems.describe_advice(some(Issue.DARK, *[0.5] * found))["kinds"]
    assert (kind["count"], len(kind["entries"])) == (found, listed)


def test_where_more_was_found_than_was_kept_the_counts_say_so() -> None:
    form = problems.describe_advice(some(Issue.DARK, 0.5), {"dark": 70_000, "names": 1})
    assert form["count"] == 70_001
    assert [(kind["count"], len(kind["entries"])) for kind in form["kinds"]] == [(70_000, 1), (1, 0)]
