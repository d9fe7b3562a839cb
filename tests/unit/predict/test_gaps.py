"""The gap between products, known by its name."""

import pytest

from darkroom_predict.gaps import is_gap


@pytest.mark.parametrize(
    ("label", "expected"),
    [("gap", True), ("Gap", True), (" GAP ", True), ("gap filler", False), ("gaps", False), ("tea", False)],
)
def test_the_gap_is_known_by_its_name(label: str, *, expected: bool) -> None:
    assert is_gap(label) is expected
