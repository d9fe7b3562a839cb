"""The picture of samples beside a model: what it shows, and what is left of it where time runs out."""

import itertools
import pathlib

import pytest
from PIL import Image

from darkroom_api.v1alpha1.common import Task
from darkroom_trainer.export import results
from tests.support import report_builders as builders

LABELS = ("cat", "dog", "eel")
MEASURES = {Task.CLASSIFIER: builders.measure_classifier, Task.DETECTOR: builders.measure_detector}


@pytest.mark.parametrize(
    ("task", "times", "size"),
    [
        pytest.param(Task.CLASSIFIER, 99, (1030, 1184), id="four rows of four tagged images"),
        pytest.param(Task.CLASSIFIER, 3, (776, 344), id="time for three of them"),
        pytest.param(Task.CLASSIFIER, 1, (520, 344), id="time for one, as wide as its title"),
        pytest.param(Task.CLASSIFIER, 0, None, id="no time"),
        pytest.param(Task.DETECTOR, 99, (1010, 904), id="three rows of two images with boxes, beside their truth"),
        pytest.param(Task.DETECTOR, 3, (1010, 624), id="time for three of those"),
    ],
)
def test_the_picture_has_as_many_samples_as_there_is_time_for(
    tmp_path: pathlib.Path, task: Task, times: int, size: tuple[int, int] | None
) -> None:
    measured, _ = MEASURES[task](tmp_path, LABELS, 30)
    looks = itertools.count(1)
    names = results.write_results(
        tmp_path, builders.a_model(task, LABELS, 0.4), measured, {}, has_time_to_draw=lambda: next(looks) <= times
    )
    path = tmp_path / results.PICTURE_NAME
    assert (results.PICTURE_NAME in names) is path.exists() is (size is not None)
    if size is not None:
        with Image.open(path) as picture:
            assert picture.size == size


def test_where_there_is_no_time_for_all_scores_the_file_has_those_of_the_status(tmp_path: pathlib.Path) -> None:
    measured, _ = builders.measure_classifier(tmp_path, LABELS, 30)
    model = builders.a_model(Task.CLASSIFIER, LABELS)
    results.write_results(tmp_path, model, measured, {"seed": 3}, has_time_to_score=lambda: False)
    text = (tmp_path / results.METRICS_NAME).read_text()
    assert '"scores": null' in text
    assert '"seed": 3' in text
