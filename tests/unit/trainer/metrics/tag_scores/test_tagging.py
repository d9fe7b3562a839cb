"""Tags that say nothing about a model."""

import numpy as np

from darkroom_trainer.metrics.tag_scores import tagging


def test_tags_that_no_image_or_every_image_has_say_nothing_about_the_model() -> None:
    relevant = np.array([[1, 0], [1, 0]], dtype=bool)
    assert not tagging.compare_with_frequencies(np.zeros((2, 2)), relevant).is_conclusive
