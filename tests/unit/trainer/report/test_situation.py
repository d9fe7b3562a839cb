"""What the rules for the next steps look at, from what a report is made of."""

import dataclasses
import pathlib

import numpy as np
import pytest

from darkroom_api.v1alpha1.common import Task
from darkroom_trainer.data.records.findings import Advice, Issue
from darkroom_trainer.report.situation import NAME_LENGTH, describe_situation
from tests.support.report_builders import a_training

ROW = {"tag": "cat", "trained": 7, "truths": 4, "recall": 0.5}


def test_numbers_come_from_the_metrics_and_counts_from_the_data(tmp_path: pathlib.Path) -> None:
    inputs = a_training(tmp_path, labels=("cat", "dog"))
    advice = [Advice(Issue.DARK, "a.png", "Dark."), Advice(Issue.DARK, "b.png", "Dark.")]
    found = describe_situation(dataclasses.replace(inputs, advice=advice), [ROW])
    assert found.is_measured
    assert (found.budget_seconds, found.charged_seconds) == (60, 23.4)
    assert (found.images_measured, found.label_errors, found.issues) == (40, 1, {"dark": 2})
    assert found.score == inputs.metrics["performance"]["score"]
    assert found.interval is not None
    assert found.interval[0] < found.interval[1]
    assert (found.tags[0].name, found.tags[0].trained, found.tags[0].truths, found.tags[0].recall) == ("cat", 7, 4, 0.5)


def test_a_model_that_was_not_measured_has_no_numbers(tmp_path: pathlib.Path) -> None:
    inputs = a_training(tmp_path)
    bare = dataclasses.replace(inputs, metrics={}, measured=None, training=None)
    found = describe_situation(bare, [])
    assert (found.is_measured, found.score, found.interval, found.confused) == (False, None, None, None)
    assert (found.images_measured, found.smallest_box_px, found.budget_seconds) == (0, None, None)


def test_of_boxes_the_size_that_the_model_sees_is_told(tmp_path: pathlib.Path) -> None:
    inputs = a_training(tmp_path, Task.DETECTOR, ("cat", "dog"))
    found = describe_situation(inputs, [])
    assert inputs.training is not None
    sides = np.concatenate([one.boxes[:, 2:] for one in inputs.training.examples]).min(axis=1)
    assert found.has_boxes
    assert found.smallest_box_px == pytest.approx(np.percentile(sides, 5) * 64)


CONFUSED = {
    "the commonest mistake is told": ([("cat", "dog", 5), ("dog", "cat", 2)], ("cat", "dog", 5)),
    "a missed box is no confusion": ([("cat", None, 9), ("dog", "cat", 2)], ("dog", "cat", 2)),
    "nor is a box where nothing is": ([(None, "cat", 9)], None),
    "long names are cut": ([("c" * 300, "dog", 1)], ("c" * (NAME_LENGTH - 1) + "…", "dog", 1)),
}


@pytest.mark.parametrize(("mistakes", "told"), CONFUSED.values(), ids=CONFUSED.keys())
def test_of_confusions(
    mistakes: list[tuple[str | None, str | None, int]], told: tuple[str, str, int] | None, tmp_path: pathlib.Path
) -> None:
    inputs = a_training(tmp_path)
    form = [{"truth": truth, "predicted": answer, "count": count} for truth, answer, count in mistakes]
    metrics = {**inputs.metrics, "scores": {"confusionMatrix": {"mostConfused": form}}}
    assert describe_situation(dataclasses.replace(inputs, metrics=metrics), []).confused == told
