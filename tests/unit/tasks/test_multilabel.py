"""A classifier of images with any number of tags: targets, loss, answers, threshold, and what counts as guessing."""

import numpy as np
import pytest
import torch

from darkroom_api.v1alpha1.common import Performance
from darkroom_trainer.metrics.tag_scores import tagging
from darkroom_trainer.metrics.tag_scores.classification import DEFAULT_THRESHOLD
from darkroom_trainer.tasks.multilabel import MOST_WEIGHT, MultilabelClassifier, spread_tags
from darkroom_trainer.tasks.registry import build_task
from tests.unit.tasks.tagged import a_guess, a_tagged_example, truths_of

LABELS = ("cat", "dog", "night")
TASK = MultilabelClassifier(LABELS)


def test_the_registry_builds_it() -> None:
    assert isinstance(build_task(MultilabelClassifier.kind, LABELS), MultilabelClassifier)


def test_targets_say_every_tag_of_an_image_once_and_none_for_an_image_without() -> None:
    examples = [a_tagged_example(2, 0, 0), a_tagged_example(), a_tagged_example(1)]
    wanted, _ = spread_tags(TASK.build_targets(examples, np.arange(3)), 3)
    assert wanted.tolist() == [[1, 0, 1], [0, 0, 0], [0, 1, 0]]


def test_a_rare_tag_counts_more_but_never_drowns_the_others() -> None:
    examples = [a_tagged_example(0)] * 50 + [a_tagged_example(0, 1)] * 49 + [a_tagged_example(0, 2)]
    _, weights = spread_tags(TASK.build_targets(examples, np.arange(100)), 3)
    assert weights[0].tolist() == [1, 1, 1]
    assert weights[50, 1] == pytest.approx((51 / 49) ** 0.5)
    assert weights[99, 2] == MOST_WEIGHT


def test_the_loss_is_least_for_the_right_tags_and_finite_for_sure_mistakes() -> None:
    targets = TASK.build_targets([a_tagged_example(0), a_tagged_example()], np.arange(2))
    right, wrong = torch.tensor([[9.0, -9, -9], [-9, -9, -9]]), torch.full((2, 3), 300.0)
    assert TASK.compute_loss(right, targets) < 0.01
    assert TASK.compute_loss(wrong, targets) > 100
    assert torch.isfinite(TASK.compute_loss(wrong, targets))


def test_answers_are_all_tags_best_first_each_with_its_own_confidence() -> None:
    prediction = TASK.decode(torch.tensor([[0.0, 4.0, -4.0]]))[0]
    assert prediction.labels.tolist() == [1, 0, 2]
    assert prediction.scores.tolist() == pytest.approx([0.982, 0.5, 0.018], abs=1e-3)


def test_a_new_model_says_no_to_most_tags() -> None:
    model = MultilabelClassifier(tuple(f"tag{at}" for at in range(2_000))).build_model("test_resnet").eval()
    with torch.inference_mode():
        said = model(torch.zeros(1, 3, 32, 32)).sigmoid()
    assert said.shape == (1, 2_000)
    assert said.mean() < 0.01


@pytest.mark.parametrize(
    ("scores", "relevant", "threshold"),
    [
        pytest.param([[0.9], [0.8], [0.3]], [[1], [1], [0]], 0.55, id="between the right and the wrong"),
        pytest.param([[0.9], [0.3], [0.8]], [[1], [1], [0]], 0.16, id="a wrong one is worth finding all"),
        pytest.param([[0.5], [0.5]], [[0], [0]], DEFAULT_THRESHOLD, id="nothing to find"),
        pytest.param([[0.01], [0.001]], [[1], [0]], DEFAULT_THRESHOLD, id="nothing found"),
        pytest.param([[1.0], [0.99]], [[1], [0]], 0.95, id="never so high that nothing is shown"),
    ],
)
def test_the_threshold_has_the_best_f1(scores: list[list[float]], relevant: list[list[int]], threshold: float) -> None:
    predictions = [a_guess(row) for row in scores]
    task = MultilabelClassifier(("cat",))
    assert task.choose_threshold(predictions, truths_of(np.array(relevant))) == pytest.approx(threshold, abs=0.006)


def test_without_held_out_images_the_threshold_is_a_half() -> None:
    assert TASK.choose_threshold([], []) == DEFAULT_THRESHOLD


def test_scores_are_told_over_all_tags_and_of_each() -> None:
    relevant = np.array([[1, 0, 0], [1, 1, 0], [0, 1, 0], [0, 0, 0]], dtype=bool)
    predictions = [a_guess([0.9, 0.6, 0.1]), a_guess([0.8, 0.7, 0.1]), a_guess([0.2, 0.4, 0.1]), a_guess([0.1] * 3)]
    found: Performance = TASK.measure(predictions, truths_of(relevant))
    tags = found.tag_performance or {}
    assert tags["cat"].average_precision == 1.0
    assert tags["dog"].average_precision == pytest.approx((1 + 2 / 3) / 2, abs=1e-5)
    assert tags["night"].average_precision is None
    assert found.score == found.average_precision == pytest.approx((1 + 5 / 6) / 2, abs=1e-5)


@pytest.mark.parametrize(
    ("signal", "images", "shares", "no_better"),
    [
        pytest.param(0.0, 200, (0.5, 0.3, 0.05), True, id="guessing"),
        pytest.param(0.0, 200, (0.95, 0.9, 0.9), True, id="guessing common tags scores high and is still guessing"),
        pytest.param(2.0, 200, (0.5, 0.3, 0.05), False, id="a useful model"),
        pytest.param(2.0, 200, (0.9, 0.9, 0.02), False, id="a useful model of common and rare tags"),
        pytest.param(0.0, 4, (0.5, 0.5, 0.5), False, id="too few images to tell"),
    ],
)
def test_guessing_by_frequency_is_told_from_learning(
    signal: float, images: int, shares: tuple[float, ...], *, no_better: bool
) -> None:
    random = np.random.default_rng(5)
    relevant = random.random((images, 3)) < np.array(shares)
    scores = random.normal(np.log(shares) + signal * relevant, 1.0)
    predictions = [a_guess((1 / (1 + np.exp(-row))).tolist()) for row in scores]
    assert TASK.compare_with_baseline(predictions, truths_of(relevant)).is_no_better is no_better


def test_tags_that_no_image_or_every_image_has_say_nothing_about_the_model() -> None:
    relevant = np.array([[1, 0], [1, 0]], dtype=bool)
    assert not tagging.compare_with_frequencies(np.zeros((2, 2)), relevant).is_conclusive


def test_two_thousand_tags_with_an_image_or_two_each_have_a_path_from_targets_to_the_threshold() -> None:
    count = 2_000
    task = MultilabelClassifier(tuple(f"tag{at}" for at in range(count)))
    examples = [a_tagged_example(at, (at + 1) % count) for at in range(0, count, 2)]
    targets = task.build_targets(examples, np.arange(len(examples)))
    part = {name: values[:8] for name, values in targets.items()}
    logits = torch.full((8, count), -7.0, requires_grad=True)
    loss = task.compute_loss(logits, part)
    loss.backward()  # type: ignore[no-untyped-call]
    assert torch.isfinite(loss)
    assert logits.grad is not None
    assert logits.grad[0, 0] < 0 < logits.grad[0, 5]
    predictions = task.decode(logits.detach())
    relevant = np.zeros((8, count), dtype=bool)
    relevant[np.arange(8), np.arange(8) * 2] = True
    assert task.measure(predictions, truths_of(relevant)).score is not None
    assert 0 < task.choose_threshold(predictions, truths_of(relevant)) < 1
