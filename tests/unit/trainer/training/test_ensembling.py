"""What network and head answer together to images that neither of them has seen."""

import dataclasses

import numpy as np
import pytest
import torch

from darkroom_trainer.training import ensembling
from tests.unit.trainer.prepared_runs import IMAGES, PreparedRun, prepare_squares


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> PreparedRun:
    return prepare_squares(tmp_path_factory.mktemp("squares"))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("held_out", "testable"),
    [
        pytest.param(0, False, id="none"),
        pytest.param(1, False, id="one, which is as common as can be"),
        pytest.param(3, True, id="one of each of three tags"),
    ],
)
def test_held_out_images_can_test_a_network_only_where_a_guess_would_often_fail(
    prepared: PreparedRun, held_out: int, *, testable: bool
) -> None:
    run = prepared.run
    tags = [example.labels[0] for example in run.dataset.examples]
    chosen = sorted(tags.index(tag) for tag in range(held_out))
    rows = dataclasses.replace(run.rows, held_out=np.array(chosen, dtype=np.int64))
    assert ensembling.can_test_networks(dataclasses.replace(run, rows=rows)) is testable


@pytest.mark.slow
def test_a_network_that_was_not_trained_has_no_part(prepared: PreparedRun) -> None:
    predictions, weight = ensembling.predict_ensemble(*prepared)
    assert weight == 1.0
    rows = prepared.run.rows.held_out
    expected = prepared.head.probabilities.numpy()[np.searchsorted(prepared.head.rows.numpy(), rows)]
    np.testing.assert_allclose([one.scores[0] for one in predictions], expected.max(axis=1), rtol=1e-4)


@pytest.mark.slow
def test_a_network_that_knows_the_held_out_images_has_a_part(prepared: PreparedRun) -> None:
    class Oracle(torch.nn.Module):
        """Answers by the colour that a square adds to its grey picture."""

        def forward(self, images: torch.Tensor) -> torch.Tensor:
            red, green, blue = images.flatten(2).mean(dim=2).unbind(dim=1)
            logits: torch.Tensor = 200 * torch.stack([blue, green, red], dim=1)
            return logits

    learner = prepared.session.learner
    trained, learner.model = learner.model, Oracle()
    try:
        predictions, weight = ensembling.predict_ensemble(*prepared)
    finally:
        learner.model = trained
    assert 0 < weight < 1
    truths = [prepared.run.dataset.examples[row].labels[0] for row in prepared.run.rows.held_out]
    assert [int(one.labels[0]) for one in predictions] == truths


@pytest.mark.slow
def test_the_head_answers_to_every_image_as_a_fit_without_it_does(prepared: PreparedRun) -> None:
    predictions, truths = ensembling.predict_head(prepared.run, prepared.head)
    assert len(predictions) == len(truths) == IMAGES
    assert all(int(one.labels[0]) == int(truth.labels[0]) for one, truth in zip(predictions, truths, strict=True))


@pytest.mark.slow
def test_where_the_search_did_not_look_at_the_held_out_images_the_head_is_fitted_once_more(
    prepared: PreparedRun,
) -> None:
    unseen = dataclasses.replace(prepared.head, rows=torch.from_numpy(prepared.run.rows.train))
    predictions, weight = ensembling.predict_ensemble(prepared.run, prepared.session, unseen)
    truths = [prepared.run.dataset.examples[row].labels[0] for row in prepared.run.rows.held_out]
    assert weight == 1.0
    assert [int(one.labels[0]) for one in predictions] == truths
