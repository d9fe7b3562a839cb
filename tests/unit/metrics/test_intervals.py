"""Bootstrap intervals: repeatable, as wide as theory says, and of the score that they stand beside."""

import math

import numpy as np
import pytest
from sklearn import metrics as reference

from darkroom_trainer.metrics.box_scores import box_intervals
from darkroom_trainer.metrics.box_scores.boxes import tabulate_predictions, tabulate_truths
from darkroom_trainer.metrics.statistics import bootstrap
from tests.unit.metrics.coco_cases import Shape, build_case
from tests.unit.metrics.guess_cases import draw_many_tags, draw_one_tag


def interval_of_share(right: int, images: int, seed: int = 0) -> bootstrap.Interval:
    flags = np.arange(images) < right
    found = bootstrap.compute_interval(images, bootstrap.measure_share(flags), work=images, seed=seed)
    assert found is not None
    return found


@pytest.mark.parametrize(("right", "images"), [(50, 100), (90, 100), (800, 1000), (30, 40)])
def test_a_share_s_interval_is_the_normal_one_where_that_holds(right: int, images: int) -> None:
    share = right / images
    reach = 1.96 * math.sqrt(share * (1 - share) / images)
    found = interval_of_share(right, images)
    assert (found.low, found.high) == pytest.approx((share - reach, share + reach), abs=0.1 * reach + 0.5 / images)


@pytest.mark.parametrize(("right", "edge"), [(0, 0.0), (30, 1.0)])
def test_all_or_none_right_leaves_nothing_to_draw(right: int, edge: float) -> None:
    found = interval_of_share(right, 30)
    assert (found.low, found.high) == (edge, edge)


def test_a_seed_repeats_the_draws_and_another_does_not() -> None:
    first, again, other = (interval_of_share(313, 1007, seed) for seed in (0, 0, 1))
    assert first == again
    assert first != other


def test_intervals_hold_the_true_share_about_as_often_as_they_say() -> None:
    random = np.random.default_rng(5)
    held = 0
    for draw in range(100):
        flags = random.random(80) < 0.7
        found = bootstrap.compute_interval(80, bootstrap.measure_share(flags), work=80, seed=draw)
        assert found is not None
        held += found.low <= 0.7 <= found.high
    assert held >= 88


@pytest.mark.parametrize("decimals", [1, 12])
@pytest.mark.parametrize("seed", range(4))
def test_scores_of_drawn_images_are_those_of_a_set_with_repeated_images(seed: int, decimals: int) -> None:
    scores, answers = draw_one_tag(seed, 5, decimals)
    right = scores.argmax(axis=1) == answers
    times = bootstrap.draw_images(len(answers), np.random.default_rng(seed))
    rows = np.repeat(np.arange(len(answers)), times)
    recall = reference.recall_score(
        answers[rows], scores[rows].argmax(axis=1), labels=np.unique(answers[rows]), average="macro", zero_division=0
    )
    assert bootstrap.measure_share(right)(times) == pytest.approx(right[rows].mean())
    assert bootstrap.measure_mean_recall(answers, right, 5)(times) == pytest.approx(recall)


@pytest.mark.parametrize("decimals", [1, 12])
@pytest.mark.parametrize("seed", range(4))
def test_average_precision_of_drawn_images_is_that_of_repeated_ones(seed: int, decimals: int) -> None:
    scores, relevant = draw_many_tags(seed, 6, decimals, images=20)
    times = bootstrap.draw_images(20, np.random.default_rng(seed))
    rows = np.repeat(np.arange(20), times)
    present = relevant[rows].any(axis=0)
    wanted = reference.average_precision_score(relevant[rows][:, present], scores[rows][:, present], average="macro")
    assert bootstrap.measure_mean_precision(scores, relevant)(times) == pytest.approx(wanted)


def test_average_precision_of_images_without_any_tag_is_no_number() -> None:
    measure = bootstrap.measure_mean_precision(np.full((3, 2), 0.5), np.zeros((3, 2), dtype=bool))
    assert math.isnan(measure(np.ones(3, dtype=np.int64)))
    assert bootstrap.compute_interval(3, measure, work=6) is None


@pytest.mark.parametrize(
    ("work", "resamples"),
    [(1, 1000), (1_000, 1000), (1_000_000, 200), (2_000_000, 100), (2_100_000, 0)],
)
def test_large_sets_get_fewer_draws_and_none_rather_than_too_few(
    work: int, resamples: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bootstrap, "LARGEST_WORK", 200_000_000)
    assert bootstrap.count_resamples(work) == resamples


def test_no_images_have_no_interval() -> None:
    assert bootstrap.compute_interval(0, lambda times: 1.0, work=1) is None  # noqa: ARG005


def test_boxes_interval_lies_around_the_score_and_narrows_with_more_images() -> None:
    widths = []
    for images in (12, 120):
        found, truths = build_case(1, Shape(images=images))
        tables = tabulate_predictions(found), tabulate_truths(truths)
        interval = box_intervals.compute_box_interval(*tables, images, 0.5)
        assert interval is not None
        assert 0 < interval.low < interval.high < 1
        widths.append(interval.high - interval.low)
    assert widths[1] < 0.6 * widths[0]


def test_boxes_without_truth_have_no_interval() -> None:
    found, truths = build_case(0, Shape(crowd_share=1.0))
    assert box_intervals.compute_box_interval(tabulate_predictions(found), tabulate_truths(truths), 12, 0.5) is None
