"""Boxes of images that have none."""

import numpy as np

from darkroom_trainer.data.records.dataset import no_boxes


def test_no_boxes_can_stand_beside_boxes() -> None:
    boxes = np.array([[0.1, 0.2, 0.3, 0.4]], dtype=np.float32)
    together = np.concatenate([no_boxes(), boxes])
    assert together.tolist() == boxes.tolist()
    assert together.dtype == np.dtype(np.float32)
    assert no_boxes() is not no_boxes(), "who changes its own changes no other's"
