"""How many rows are asked for the say of crops."""

import numpy as np
import torch

from darkroom_trainer.tasks import crop_weights


def test_as_many_rows_are_asked_as_hold_the_most_boxes() -> None:
    labels = torch.zeros((3_000, 2), dtype=torch.int64)
    assert len(crop_weights.limit_rows(labels, np.arange(3_000))) == crop_weights.MOST_BOXES // 2
    assert len(crop_weights.limit_rows(labels, np.arange(5))) == 5
