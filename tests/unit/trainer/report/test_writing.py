"""report.html and report.json: the same numbers, only the pictures that there is time for, bounded size."""

import dataclasses
import pathlib

import pytest

from darkroom_api.v1alpha1.common import STOP_MEANINGS, StopReason, Task
from darkroom_report import training_page
from darkroom_trainer.data.records.findings import Advice, Issue
from darkroom_trainer.report.inputs import ReportInputs
from tests.support.report_builders import a_model, a_training, build_metrics, measure_classifier
from tests.support.written_reports import write

MAX_PAGE_BYTES = 3_000_000


@pytest.mark.parametrize("task", [Task.CLASSIFIER, Task.DETECTOR], ids=lambda task: task.value)
def test_the_page_tells_the_headline_of_the_json(tmp_path: pathlib.Path, task: Task) -> None:
    page, report = write(tmp_path, a_training(tmp_path, task))
    headline = report["headline"]
    assert f"{headline['score']:.3f}" in page.text
    assert f"95 % interval {headline['interval']['low']:.3f} to {headline['interval']['high']:.3f}" in page.text
    assert f"{headline['imagesMeasured']} images" in page.text
    assert STOP_MEANINGS[StopReason.CONVERGED] in page.text
    assert "23 s of 60 s" in page.text
    assert all(
        step["text"].replace("\u00a0", " ") in page.text for step in report["nextSteps"] if "\ufffd" not in step["text"]
    )


def test_a_model_that_could_not_be_measured_is_reported_too(tmp_path: pathlib.Path) -> None:
    inputs = a_training(tmp_path)
    metrics = {**inputs.metrics, "performance": None, "scores": None, "trials": [], "history": []}
    page, report = write(tmp_path, dataclasses.replace(inputs, metrics=metrics, measured=None))
    assert report["headline"]["score"] is None
    assert "not measured" in page.text
    assert report["nextSteps"][0]["rule"] == "noScore"


def test_without_time_for_all_scores_those_of_the_status_are_told(tmp_path: pathlib.Path) -> None:
    inputs = a_training(tmp_path)
    page, report = write(tmp_path, dataclasses.replace(inputs, metrics={**inputs.metrics, "scores": None}))
    assert report["confusion"] is None
    assert f"{report['headline']['score']:.3f}" in page.text


def test_without_time_there_are_no_pictures_and_the_rest_stays(tmp_path: pathlib.Path) -> None:
    page, report = write(tmp_path, dataclasses.replace(a_training(tmp_path), has_time=lambda: False))
    assert report["mistakes"]["shown"]
    assert not [name for name, _ in page.elements if name == "img"]
    assert "no picture" in page.text


def test_an_image_that_is_gone_or_broken_costs_only_its_picture(tmp_path: pathlib.Path) -> None:
    inputs = a_training(tmp_path)
    for number in range(20):
        (tmp_path / f"{number}.png").write_bytes(b"nothing") if number % 2 else (tmp_path / f"{number}.png").unlink()
    page, report = write(tmp_path, inputs)
    assert report["mistakes"]["shown"]
    assert not [name for name, _ in page.elements if name == "img"]


def test_an_evaluation_has_no_search_to_tell_of(tmp_path: pathlib.Path) -> None:
    inputs = a_training(tmp_path)
    kept = {key: inputs.metrics[key] for key in ("performance", "scores", "datasetRevision")}
    metrics = {**kept, "model": {"uri": "s3://models/shelf", "digest": "sha256:1", "version": "1"}}
    page, report = write(tmp_path, dataclasses.replace(inputs, metrics=metrics, training=None, note=""))
    assert report["kind"] == "evaluation"
    assert report["trials"] == []
    assert "How it was found" not in page.text
    assert "s3://models/shelf" in page.text


def test_suspected_label_errors_are_listed_with_what_they_look_like(tmp_path: pathlib.Path) -> None:
    errors = [{"imageId": 3, "file": "a.png", "given": "tea", "suggested": "oil", "confidence": 0.97}]
    page, report = write(tmp_path, dataclasses.replace(a_training(tmp_path), label_errors=errors))
    assert report["labelErrors"] == errors
    assert "a.png tea oil 97 %" in " ".join(page.texts).replace("\u00a0", " ")
    assert "labels" in [step["rule"] for step in report["nextSteps"]]


def test_a_report_of_very_many_tags_images_and_trials_stays_small(tmp_path: pathlib.Path) -> None:
    labels = tuple(f"product-{at:05}-{'é' * 40}" for at in range(2_000))
    measured, scores = measure_classifier(tmp_path, labels, 60)
    model, metrics = a_model(Task.CLASSIFIER, labels), build_metrics(measured, scores, trials=1_500)
    advice = [Advice(Issue.BLURRY, f"image {at} " + "y" * 400, "z" * 400, (at,), 0.5) for at in range(5_000)]
    inputs = ReportInputs("shelf", model, metrics, measured, training=measured.dataset, advice=advice)
    _, report = write(tmp_path, inputs)
    assert (tmp_path / "report.html").stat().st_size < MAX_PAGE_BYTES
    assert (tmp_path / "report.json").stat().st_size < MAX_PAGE_BYTES
    assert len(report["tags"]) == 2_000
    assert len(report["trials"]) == 1_500
    assert training_page.render_html(report).count("<tr>") < 200


def test_the_surest_suspects_are_shown_as_pictures_and_the_others_listed(tmp_path: pathlib.Path) -> None:
    inputs = a_training(tmp_path, labels=("tea", "oil"))
    examples = inputs.training.examples if inputs.training else ()
    errors = [
        {"imageId": one.image_id, "file": one.file, "given": "tea", "suggested": "oil", "confidence": 0.9}
        for one in examples[:12]
    ]
    page, report = write(tmp_path, dataclasses.replace(inputs, label_errors=errors))
    assert [bool(entry.get("picture")) for entry in report["labelErrors"]] == [True] * 8 + [False] * 4
    assert page.text.count("Looks like oil") == 8
