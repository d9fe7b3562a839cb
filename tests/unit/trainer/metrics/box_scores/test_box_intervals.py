"""The interval around the score of boxes."""

from darkroom_trainer.metrics.box_scores import box_intervals
from darkroom_trainer.metrics.box_scores.boxes import tabulate_predictions, tabulate_truths
from tests.unit.trainer.metrics.coco_cases import Shape, build_case


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
