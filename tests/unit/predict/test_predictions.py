"""Of stacked boxes, the surest."""

import numpy as np
import pytest

from darkroom_predict.predictions import OtherTags, Prediction, keep_best_of_stacked


def test_of_stacked_boxes_the_surest_is_shown() -> None:
    place, near, apart = (0.1, 0.1, 0.4, 0.4), (0.12, 0.1, 0.4, 0.4), (0.6, 0.6, 0.2, 0.2)
    found = Prediction(
        np.array([0, 1, 1, 0]),
        np.array([0.9, 0.8, 0.7, 0.2], np.float32),
        np.array([place, near, apart, apart], np.float32),
        OtherTags(np.array([[2], [3], [4], [5]]), np.array([[0.1], [0.2], [0.3], [0.4]], np.float32)),
    )
    shown = keep_best_of_stacked(found, threshold=0.5)
    assert shown.labels.tolist() == [0, 1]
    assert shown.boxes[1].tolist() == pytest.approx(apart)
    assert shown.others is not None
    assert shown.others.labels.tolist() == [[2], [4]]
    assert shown.others.scores.ravel().tolist() == pytest.approx([0.1, 0.3])
