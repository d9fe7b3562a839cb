"""Boxes with products: their labels, both confidences, and which boxes stay."""

import numpy as np
import pytest

from darkroom_predict.decoding.products import decode_products, find_boxes


def an_output(*cells: tuple[int, float, float, int, float]) -> np.ndarray:
    """Return the outputs (1, 16, 8) of a picture of 16 cells: each given as cell, two logits, label, probability."""
    outputs = np.zeros((1, 16, 8), dtype=np.float32)
    outputs[..., :2] = -9
    for cell, product, gap, label, share in cells:
        outputs[0, cell, :4] = product, gap, label, share
    return outputs


def test_a_box_has_the_label_of_its_cell_and_both_confidences() -> None:
    found = decode_products(an_output((0, 0.0, -9, 3, 0.5), (5, -9, 2.0, 7, 1.0), (15, -9, -9, 1, 1.0)))[0]
    assert found.labels.tolist() == [7, 3]
    assert found.scores.tolist() == pytest.approx([0.881, 0.25], abs=1e-3)
    assert found.boxes.tolist() == [[0.25, 0.25, 0.25, 0.25], [0, 0, 0.25, 0.25]]


def test_a_box_has_its_other_names_with_what_the_box_leaves_of_their_probabilities() -> None:
    outputs = np.zeros((1, 16, 10), dtype=np.float32)
    outputs[..., :2] = -9
    outputs[0, 0, :6] = [0.0, -9, 3, 0.5, 7, 0.25]
    outputs[0, 5, :6] = [2.0, -9, 7, 0.9, 3, 0.0]
    found = decode_products(outputs)[0]
    assert found.labels.tolist() == [7, 3]
    assert found.others is not None
    assert found.others.labels.tolist() == [[3], [7]]
    assert found.others.scores.ravel().tolist() == pytest.approx([0, 0.125])


def test_boxes_are_settled_before_products_and_whatever_they_are() -> None:
    outputs = an_output((5, 3.0, -9, 3, 0.2), (6, 2.0, -9, 4, 0.9))
    outputs[0, 6, 4] = -0.9
    other = outputs.copy()
    other[0, :, 2:4] = [1, 0.7]
    assert [values.tolist() for values in find_boxes(outputs[0])] == [
        values.tolist() for values in find_boxes(other[0])
    ]
    assert decode_products(outputs)[0].labels.tolist() == [3]


def test_an_image_in_which_nothing_is_found_has_no_boxes() -> None:
    (prediction,) = decode_products(an_output())
    assert (len(prediction.labels), prediction.boxes.shape) == (0, (0, 4))
