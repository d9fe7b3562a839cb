"""Probabilities as predictions: of models, and the out-of-fold ones by which probable label errors are found."""

import numpy as np

from darkroom_predict.decoding.tags import rank_tags


def test_tags_are_ranked_by_their_probabilities() -> None:
    probabilities = np.array([[0.2, 0.7, 0.1], [0.5, 0.1, 0.4]], dtype=np.float32)
    ranked = rank_tags(probabilities)
    assert [one.labels.tolist() for one in ranked] == [[1, 0, 2], [0, 2, 1]]
    for one, row in zip(ranked, probabilities, strict=True):
        assert np.array_equal(one.scores, row[one.labels])
        assert one.boxes.shape == (0, 4)


def test_of_equal_probabilities_the_first_tag_comes_first() -> None:
    (ranked,) = rank_tags(np.array([[0.25, 0.5, 0.25, 0.5]], dtype=np.float32))
    assert ranked.labels.tolist() == [1, 3, 0, 2]


def test_no_images_give_no_predictions() -> None:
    assert list(rank_tags(np.zeros((0, 3), dtype=np.float32))) == []
