"""Detection scores against pycocotools, number by number and box by box."""

import numpy as np
import pytest

from darkroom_trainer.metrics.box_scores import box_intervals, coco_scores, matching
from darkroom_trainer.metrics.box_scores.boxes import MAX_BOXES, tabulate_predictions, tabulate_truths
from tests.unit.metrics.coco_cases import Shape, build_case, evaluate_with_pycocotools

SHAPES = {
    "distinct scores": Shape(),
    "crowds": Shape(crowd_share=0.3),
    "nearly all crowds, so that tags lose their truth": Shape(crowd_share=0.9, labels=6),
    "ten scores for all boxes": Shape(score_decimals=1),
    "every box four times, at few scores, with crowds": Shape(copies=4, score_decimals=1, crowd_share=0.2),
    "more tags than images have": Shape(images=5, labels=40),
    "one tag without truth and one with": Shape(labels=2),
    "more boxes of a tag than count": Shape(images=3, labels=2, copies=40, score_decimals=2),
    "more boxes than COCO counts, most of them false": Shape(images=5, labels=2, far=250),
    "overlaps of exactly a half": Shape(grid=8, copies=2, score_decimals=2),
}
CASES = [pytest.param(seed, shape, id=f"{name}, {seed}") for name, shape in SHAPES.items() for seed in range(4)]
LIMITS = (coco_scores.COCO_BOXES, MAX_BOXES)


@pytest.mark.parametrize(("seed", "shape"), CASES)
def test_precision_at_every_overlap_recall_and_tag_is_that_of_pycocotools(seed: int, shape: Shape) -> None:
    found, truths = build_case(seed, shape)
    wanted = evaluate_with_pycocotools(found, truths, shape.labels, coco_scores.OVERLAPS, LIMITS)
    ours = coco_scores.evaluate_boxes(tabulate_predictions(found), tabulate_truths(truths), shape.labels)
    np.testing.assert_allclose(ours.precision, wanted.eval["precision"][:, :, :, 0], rtol=0, atol=1e-12)
    np.testing.assert_allclose(ours.scores, wanted.eval["scores"][:, :, :, 0], rtol=0, atol=1e-12)


@pytest.mark.parametrize(("seed", "shape"), CASES)
def test_means_are_those_that_pycocotools_summarizes(seed: int, shape: Shape) -> None:
    found, truths = build_case(seed, shape)
    wanted = evaluate_with_pycocotools(found, truths, shape.labels, coco_scores.COCO_OVERLAPS, LIMITS).eval["precision"]
    ours = coco_scores.evaluate_boxes(tabulate_predictions(found), tabulate_truths(truths), shape.labels)
    at_100, at_300 = (wanted[:, :, :, 0, place] for place in (0, 1))
    assert ours.mean(coco_scores.COCO_OVERLAPS, coco_scores.COCO_BOXES) == pytest.approx(
        at_100[at_100 > -1].mean(), abs=1e-12
    )
    for overlap, row in ((0.5, 0), (0.75, 5)):
        present = at_300[row][at_300[row] > -1]
        assert ours.mean((overlap,)) == pytest.approx(present.mean(), abs=1e-12)


@pytest.mark.parametrize("overlap", [0.3, 0.5, 0.9])
@pytest.mark.parametrize(("seed", "shape"), CASES)
def test_every_box_finds_the_truth_that_pycocotools_gives_it(seed: int, shape: Shape, overlap: float) -> None:
    found, truths = build_case(seed, shape)
    theirs = evaluate_with_pycocotools(found, truths, shape.labels, (overlap,), (MAX_BOXES,))
    wanted = _read_matches(theirs)
    boxes, true = tabulate_predictions(found), tabulate_truths(truths)
    matches = matching.match_boxes(boxes, true, overlap)
    numbers = np.where(matches.truth_rows == matching.NOTHING, 0, matches.truth_rows + 1)
    ours = sorted(
        zip(boxes.images.tolist(), boxes.labels.tolist(), boxes.scores.tolist(), numbers.tolist(), strict=True)
    )
    assert ours == wanted
    assert sorted(boxes.scores[matches.ignored].tolist()) == _read_ignored(theirs)


def _read_matches(evaluation) -> list[tuple[int, int, float, int]]:  # type: ignore[no-untyped-def] # noqa: ANN001
    """Return image, tag, score and number of the truth found (0 for none) of every box that counts."""
    return sorted(
        (entry["image_id"], entry["category_id"], score, int(match))
        for entry in evaluation.evalImgs
        if entry is not None
        for score, match in zip(entry["dtScores"], entry["dtMatches"][0], strict=True)
    )


def _read_ignored(evaluation) -> list[float]:  # type: ignore[no-untyped-def] # noqa: ANN001
    return sorted(
        score
        for entry in evaluation.evalImgs
        if entry is not None
        for score, is_ignored in zip(entry["dtScores"], entry["dtIgnore"][0], strict=True)
        if is_ignored
    )


@pytest.mark.parametrize(("seed", "shape"), CASES)
def test_the_score_behind_the_interval_is_the_library_s_when_each_image_is_drawn_once(seed: int, shape: Shape) -> None:
    found, truths = build_case(seed, shape)
    boxes, true = tabulate_predictions(found), tabulate_truths(truths)
    measure = box_intervals.measure_mean_precision(boxes, true, matching.match_boxes(boxes, true, 0.5))
    wanted = coco_scores.evaluate_boxes(boxes, true, shape.labels).mean((0.5,))
    assert measure(np.ones(len(truths), dtype=np.int64)) == pytest.approx(wanted, abs=1e-12)


@pytest.mark.parametrize(("seed", "shape"), CASES)
def test_boxes_after_the_last_right_one_of_their_tag_change_no_score(seed: int, shape: Shape) -> None:
    found, truths = build_case(seed, shape)
    boxes, true = tabulate_predictions(found), tabulate_truths(truths)
    matches = matching.match_boxes(boxes, true, 0.5)
    kept = box_intervals.find_needed(boxes, matches)
    times = np.random.default_rng(seed).integers(1, 4, len(truths))
    of_all = box_intervals.measure_mean_precision(boxes, true, matches)(times)
    assert box_intervals.measure_mean_precision(boxes.take(kept), true, matches.take(kept))(times) == of_all
    assert kept[matches.right].all()
    assert not kept.all()


@pytest.mark.parametrize("seed", range(8))
def test_the_score_behind_the_interval_is_the_library_s_on_images_repeated_as_drawn(seed: int) -> None:
    shape = Shape(images=8, crowd_share=0.2)
    found, truths = build_case(seed, shape)
    times = np.random.default_rng(seed).multinomial(8, np.full(8, 1 / 8))
    boxes, true = tabulate_predictions(found), tabulate_truths(truths)
    measure = box_intervals.measure_mean_precision(boxes, true, matching.match_boxes(boxes, true, 0.5))
    repeated = [at for at in range(8) for _ in range(times[at])]
    wanted = coco_scores.evaluate_boxes(
        tabulate_predictions([found[at] for at in repeated]), tabulate_truths([truths[at] for at in repeated]), 4
    )
    assert measure(times) == pytest.approx(wanted.mean((0.5,)), abs=1e-12)
