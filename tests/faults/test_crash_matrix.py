"""The operator killed with SIGKILL before and after every write: the end is that of an undisturbed lifecycle."""

from typing import Final

import pytest

from tests.faults.crashes.lifecycles import LIFECYCLES, Lifecycle
from tests.faults.crashes.points import Point

IN_EVERY_RUN: Final = ("dataset", "model", "evaluation")
"""The happy lifecycles, 30 kills; the others take minutes. A Prediction's writes are those of an Evaluation."""


def _mark(lifecycle: Lifecycle) -> list[pytest.MarkDecorator]:
    return [] if lifecycle.name in IN_EVERY_RUN else [pytest.mark.extended]


@pytest.mark.parametrize(
    "lifecycle", [pytest.param(lifecycle, id=lifecycle.name, marks=_mark(lifecycle)) for lifecycle in LIFECYCLES]
)
def test_killed_before_and_after_every_write_the_end_is_the_same(
    lifecycle: Lifecycle, crash_points: list[Point]
) -> None:
    mine = [point for point in crash_points if point.lifecycle is lifecycle]
    assert len(mine) >= 8
    assert not [str(point) for point in mine if point.problems]


def test_every_point_of_the_matrix_was_reached(crash_points: list[Point]) -> None:
    assert not [str(point) for point in crash_points if not point.killed_at]
