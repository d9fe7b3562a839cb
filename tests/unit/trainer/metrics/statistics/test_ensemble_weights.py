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


TWO = np.eye(2, dtype=bool)[[0, 1] * 10]
RIGHT, WRONG = np.where(TWO, 0.9, 0.1), np.where(TWO, 0.1, 0.9)
TESTED = [
    pytest.param(RIGHT, True, id="right on twenty images"),
    pytest.param(RIGHT[:4], True, id="right on four"),
    pytest.param(WRONG, False, id="wrong"),
    pytest.param(np.full((20, 2), 0.5), False, id="no idea"),
    pytest.param(np.concatenate([RIGHT[:11], WRONG[11:]]), False, id="half right and always sure"),
]


@pytest.mark.parametrize("is_multilabel", [False, True], ids=["one tag", "multilabel"])
@pytest.mark.parametrize(("answers", "tested"), TESTED)
def test_what_a_network_learned_has_to_show_on_held_out_images(
    answers: np.ndarray, *, tested: bool, is_multilabel: bool
) -> None:
    wanted = TWO[: len(answers)]
    assert ensemble_weights.is_tested(answers, wanted, is_multilabel=is_multilabel) is tested


def test_right_answers_on_two_images_or_none_may_be_luck() -> None:
    assert not ensemble_weights.is_tested(RIGHT[:0], TWO[:0], is_multilabel=False)
    assert not ensemble_weights.is_tested(RIGHT[:2], TWO[:2], is_multilabel=False)


def test_an_answer_that_only_knows_which_tags_are_common_shows_nothing() -> None:
    wanted = np.eye(2, dtype=bool)[[0] * 18 + [1] * 2]
    assert not ensemble_weights.is_tested(np.array([[0.9, 0.1]] * 20), wanted, is_multilabel=False)
