"""The search for a frozen-feature classifier: what it finds, for whom, and when it ends."""

import dataclasses

import numpy as np
import pytest
import torch

from darkroom_trainer.heads.selection import search_heads
from darkroom_trainer.heads.store import Networks
from darkroom_trainer.search.trial_records import TrialEnd
from tests.unit.trainer.head_examples import (
    a_network,
    build_examples,
    build_multilabel,
    count_down,
    normalize,
    stop_after,
    unhurried,
    wrap,
)


def test_two_images_a_label_are_enough_for_a_model() -> None:
    train = build_examples(np.repeat(np.arange(4), 2), 4, noise=0.15)
    held_out = build_examples(np.repeat(np.arange(4), 25), 4, seed=1, noise=0.15)
    found = search_heads(train, seed=0, left_seconds=unhurried)
    assert found is not None
    assert found.score is not None
    guesses = found.model(normalize(held_out)).argmax(dim=1)
    assert float((guesses == held_out.labels).float().mean()) > 0.5
    assert found.validated.all()
    np.testing.assert_allclose(found.probabilities.sum(axis=1), 1, atol=1e-5)


def test_images_with_several_labels_are_learned() -> None:
    train, held_out = build_multilabel(60, 4), build_multilabel(60, 4, seed=1)
    found = search_heads(train, seed=0, left_seconds=unhurried)
    assert found is not None
    assert found.score is not None
    assert found.score > 0.9
    answers = torch.sigmoid(found.model(normalize(held_out))) > 0.5
    assert float((answers == held_out.labels).float().mean()) > 0.9


def test_a_label_with_one_image_is_learned_but_never_held_out() -> None:
    labels = np.array([0, 1, 1, 1, 2, 2, 2])
    found = search_heads(build_examples(labels, 3, noise=0.05), seed=0, left_seconds=unhurried)
    assert found is not None
    assert found.validated.tolist() == [False] + [True] * 6
    assert found.model(normalize(build_examples(labels, 3, noise=0.05))).argmax(dim=1)[0] == 0


def test_one_image_of_every_label_gives_a_model_without_a_score() -> None:
    train = build_examples(np.arange(5), 5, noise=0.05)
    found = search_heads(train, seed=0, left_seconds=unhurried)
    assert found is not None
    assert found.score is None
    assert not found.validated.any()
    assert found.model(normalize(train)).argmax(dim=1).tolist() == [0, 1, 2, 3, 4]


def test_one_image_of_every_label_is_told_by_the_largest_network_where_there_is_one() -> None:
    train = build_examples(np.arange(5), 5, noise=0.05)
    found = search_heads(train, seed=0, left_seconds=unhurried, backbones={"small": a_network(), "large": a_network()})
    assert found is not None
    assert [member["blocks"] for member in found.spec["members"]] == [["backbone:large"]]
    assert found.spec["networks"]["large"]["size_px"] == 8


def test_hand_made_features_win_where_a_network_cannot_see_the_difference() -> None:
    train = build_examples(np.repeat(np.arange(4), 5), 4, noise=0.1)
    held_out = build_examples(np.repeat(np.arange(4), 25), 4, seed=1, noise=0.1)
    networks = {"colours alone": a_network()}
    found = search_heads(train, seed=0, left_seconds=unhurried, backbones=networks)
    assert found is not None
    assert found.spec["networks"] == {}
    guesses = found.model(normalize(held_out)).argmax(dim=1)
    assert float((guesses == held_out.labels).float().mean()) > 0.7


def test_a_network_that_sees_the_difference_answers_alone() -> None:
    labels = np.repeat(np.arange(3), 5)
    images = np.random.default_rng(0).integers(60, 90, (15, 16, 16, 3), dtype=np.uint8)
    images[np.arange(15), :, :, labels] += 60
    train = wrap(torch.from_numpy(images), torch.from_numpy(labels), 3)
    found = search_heads(train, seed=0, left_seconds=unhurried, backbones={"own": a_network()})
    assert found is not None
    assert found.spec["blocks"] == ["backbone:own"]
    assert (found.model(normalize(train)).argmax(dim=1) == train.labels).all()


def test_a_label_of_thousands_of_images_does_not_hide_one_of_two() -> None:
    labels = np.array([0] * 5000 + [1] * 2)
    images = np.full((5002, 4, 4, 3), 60, dtype=np.uint8)
    images[labels == 1, ..., 0] += 120
    noisy = images + np.random.default_rng(0).integers(0, 40, images.shape, dtype=np.uint8)
    examples = wrap(torch.from_numpy(noisy), torch.from_numpy(labels), 2)
    networks = {"own": a_network(4)}
    found = search_heads(examples, seed=0, left_seconds=unhurried, stop=stop_after(2), backbones=networks)
    assert found is not None
    assert found.validated[labels == 1].all()
    assert found.model(normalize(examples)).argmax(dim=1)[labels == 1].tolist() == [1, 1]


def test_the_same_seed_finds_the_same_model() -> None:
    train = build_examples(np.repeat(np.arange(3), 4), 3, noise=0.6)
    first, again = (search_heads(train, seed=3, left_seconds=unhurried) for _ in range(2))
    assert first is not None
    assert again is not None
    assert first.spec == again.spec
    assert [dataclasses.astuple(one) for one in first.trials] == [dataclasses.astuple(one) for one in again.trials]
    assert torch.equal(first.model(normalize(train)), again.model(normalize(train)))


def test_without_any_time_there_is_no_model() -> None:
    train = build_examples(np.repeat(np.arange(3), 4), 3)
    assert search_heads(train, seed=0, left_seconds=lambda: 0.0) is None


def test_a_clock_that_runs_out_leaves_the_best_so_far() -> None:
    train = build_examples(np.repeat(np.arange(3), 4), 3)
    found = search_heads(train, seed=0, left_seconds=count_down(60.0, 1.0))
    assert found is not None
    ends = [trial.end for trial in found.trials]
    assert TrialEnd.WON in ends
    assert TrialEnd.TOO_COSTLY in ends
    assert all(trial.why for trial in found.trials)


def test_a_run_that_is_stopped_starts_no_further_head() -> None:
    train = build_examples(np.repeat(np.arange(3), 4), 3)
    assert search_heads(train, seed=0, left_seconds=unhurried, stop=lambda: True) is None


@pytest.mark.parametrize("backbones", [{}, {"own": a_network(2)}], ids=["hand-made features", "a network's"])
def test_two_thousand_labels_with_two_small_images_each_are_searched(backbones: Networks) -> None:
    labels = np.repeat(np.arange(2000), 2)
    random = np.random.default_rng(0)
    palette = random.integers(0, 256, (2000, 2, 2, 3))[labels]
    images = (palette + random.integers(-8, 9, palette.shape)).clip(0, 255).astype(np.uint8)
    examples = wrap(torch.from_numpy(images), torch.from_numpy(labels), 2000)
    found = search_heads(examples, seed=0, left_seconds=unhurried, stop=stop_after(2), backbones=backbones)
    assert found is not None
    assert found.score is not None
    assert found.score > (0.02 if backbones else 0.5), "a network that sees the mean colour tells some apart"
    assert found.probabilities.shape == (4000, 2000)


def test_of_a_large_set_a_part_is_held_out_and_all_is_fitted() -> None:
    labels = np.arange(9000) % 2
    images = np.full((9000, 4, 4, 3), 60, dtype=np.uint8)
    images[labels == 1, :2] += 90
    noisy = images + np.random.default_rng(0).integers(0, 60, images.shape, dtype=np.uint8)
    examples = wrap(torch.from_numpy(noisy), torch.from_numpy(labels), 2)
    found = search_heads(examples, seed=0, left_seconds=unhurried, stop=stop_after(3))
    assert found is not None
    assert found.score == 1.0
    assert found.validated.sum() == 3000
    assert (found.model(normalize(examples)).argmax(dim=1) == examples.labels).all()
