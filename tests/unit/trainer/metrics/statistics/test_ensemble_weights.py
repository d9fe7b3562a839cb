"""How much a frozen-feature classifier says in an ensemble, by the likelihood of what was held out."""

import numpy as np
import pytest

from darkroom_trainer.metrics.statistics import ensemble_weights

MANY, FEW = 60, 2
SURE_RIGHT, SURE_WRONG = np.array([[0.98, 0.01, 0.01]] * MANY), np.array([[0.01, 0.98, 0.01]] * MANY)
UNSURE = np.array([[0.4, 0.3, 0.3]] * MANY)
ANSWERS = np.eye(3, dtype=bool)[[0] * MANY]


CHOICES = [
    pytest.param(SURE_RIGHT, SURE_WRONG, 0.0, id="the network right and sure, the head wrong"),
    pytest.param(SURE_WRONG, SURE_RIGHT, 1.0, id="the head right and sure, the network wrong"),
    pytest.param(SURE_RIGHT, UNSURE, 0.0, id="both right, the network surer"),
    pytest.param(SURE_RIGHT, SURE_RIGHT, 0.5, id="both the same"),
]


@pytest.mark.parametrize("is_multilabel", [False, True], ids=["one tag", "multilabel"])
@pytest.mark.parametrize(("network", "head", "weight"), CHOICES)
def test_the_likelier_part_says_more(
    network: np.ndarray, head: np.ndarray, weight: float, *, is_multilabel: bool
) -> None:
    assert ensemble_weights.choose_ensemble_weight(network, head, ANSWERS, is_multilabel=is_multilabel) == weight


def test_parts_that_err_on_different_images_are_mixed() -> None:
    network, head = np.concatenate([SURE_RIGHT, SURE_WRONG]), np.concatenate([SURE_WRONG, SURE_RIGHT])
    answers = np.concatenate([ANSWERS, ANSWERS])
    assert ensemble_weights.choose_ensemble_weight(network, head, answers, is_multilabel=False) == 0.5


def test_few_images_do_not_tell_the_parts_apart() -> None:
    weight = ensemble_weights.choose_ensemble_weight(SURE_RIGHT[:FEW], UNSURE[:FEW], ANSWERS[:FEW], is_multilabel=False)
    assert weight == ensemble_weights.DEFAULT_ENSEMBLE_WEIGHT


def test_a_certainty_that_is_wrong_is_no_number_without_end() -> None:
    certain = np.array([[0.0, 1.0, 0.0]] * MANY)
    assert ensemble_weights.choose_ensemble_weight(certain, SURE_RIGHT, ANSWERS, is_multilabel=False) == 1.0
