"""What another version wrote, as far as this one knows it."""

from dataclasses import dataclass

from darkroom_predict.known_fields import keep_known


@dataclass
class Box:
    """A dataclass with a field that has a default."""

    left: float
    top: float = 0.0


def test_further_fields_are_left_out_and_absent_ones_keep_their_defaults() -> None:
    assert Box(**keep_known(Box, {"left": 1.0, "depth": 3.0})) == Box(1.0)
