"""Outcomes, scores and summaries as a trainer reports them."""

from typing import Any

from darkroom_api.conditions import Reason
from darkroom_api.report import Outcome
from darkroom_api.run_config import Command
from darkroom_api.v1alpha1.common import MeasuredOn, Performance, TagPerformance
from darkroom_api.v1alpha1.dataset import Category, DatasetSummary, Problem


def an_outcome(**fields: Any) -> Outcome:
    """Return the outcome of a training that succeeded."""
    return Outcome(**{"command": Command.TRAIN, "reason": Reason.SUCCEEDED, "message": "Done.", **fields})


def a_performance(tags: int) -> Performance:
    """Return scores with so many tags, each under a long name."""
    per_tag = {
        f"a tag with a long name, number {number}": TagPerformance(accuracy=0.123456789) for number in range(tags)
    }
    return Performance(measured_on=MeasuredOn.HOLD_OUT, images=10, score=0.97, tag_performance=per_tag)


def a_summary(categories: int, text: str = "x") -> DatasetSummary:
    """Return what an inspection found, with so many categories and ten problems of long subjects."""
    return DatasetSummary(
        images=10,
        annotations=20,
        categories=tuple(Category(name=f"{text * 200}{n}", images=1, annotations=2) for n in range(categories)),
        category_count=categories,
        problems=tuple(Problem(subject=f"{text * 300}{n}", message="truncated") for n in range(10)),
        problem_count=10,
    )
