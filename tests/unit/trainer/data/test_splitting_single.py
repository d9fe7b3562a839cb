"""Which images are held out where each has one tag."""

import numpy as np
import pytest

from darkroom_trainer.data.splitting import split_rows
from tests.support.learning import an_example


@pytest.mark.parametrize(
    ("counts", "held"),
    [
        pytest.param([50, 50], [10, 10], id="a fifth of each tag"),
        pytest.param([3, 2], [1, 1], id="at least one of each"),
        pytest.param([10, 1], [2, 0], id="never a tag's only image"),
        pytest.param([1, 1], [0, 0], id="nothing to hold out"),
    ],
)
def test_hold_out_takes_its_share_of_every_tag(counts: list[int], held: list[int]) -> None:
    labels = [label for label, count in enumerate(counts) for _ in range(count)]
    examples = [an_example(label, boxed=False) for label in labels]
    train, held_out = split_rows(examples, np.arange(len(examples)), 5, by_label=True)
    assert np.bincount([labels[row] for row in held_out], minlength=2).tolist() == held
    assert sorted([*train, *held_out]) == list(range(len(examples)))


def test_hold_out_depends_on_the_seed_alone() -> None:
    examples = [an_example(0, boxed=True) for _ in range(50)]
    first, again, other = (split_rows(examples, np.arange(50), seed, by_label=False)[1].tolist() for seed in (1, 1, 2))
    assert first == again != other
    assert len(first) == 10
