"""Very many images are split quickly."""

import numpy as np
import pytest

from darkroom_trainer.data.splitting import split_rows
from tests.support.tagged import a_tagged_example


def test_many_images_of_2_000_tags_are_split_quickly() -> None:
    random = np.random.default_rng(0)
    tags = random.integers(0, 2_000, size=(20_000, 3))
    examples = [a_tagged_example(*set(row.tolist())) for row in tags]
    train, held_out = split_rows(examples, np.arange(len(examples)), 3, by_label=True)
    assert len(held_out) == pytest.approx(0.2 * len(examples), rel=0.15)
    assert len(train) + len(held_out) == len(examples)
