"""Predictions over many images, batch by batch."""

import numpy as np
import torch

from darkroom_trainer.loop import inference
from tests.support.learning import CPU, a_learner

IMAGES = 2 * inference.BATCH_SIZE + 3


def test_every_row_is_predicted_in_its_order_whatever_the_batches() -> None:
    learner = a_learner("classifier", images=IMAGES)
    rows = np.arange(IMAGES)[::-1].copy()
    outputs = inference.compute_outputs(learner.model, learner.data, rows, CPU)
    assert outputs.shape == (IMAGES, 3)
    alone = inference.compute_outputs(learner.model, learner.data, rows[:1], CPU)
    torch.testing.assert_close(outputs[:1], alone, rtol=1e-4, atol=1e-5)
    predictions = inference.predict_rows(learner.model, learner.task, learner.data, rows, CPU)
    assert [int(one.labels[0]) for one in predictions] == outputs.argmax(dim=1).tolist()


def test_the_model_is_left_in_the_mode_it_was_in_and_without_gradients() -> None:
    learner = a_learner("classifier")
    for mode in (True, False):
        learner.model.train(mode)
        outputs = inference.compute_outputs(learner.model, learner.data, np.arange(2), CPU)
        assert learner.model.training is mode
        assert not outputs.requires_grad
