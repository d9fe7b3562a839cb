"""A whole training from a detector that learned from other pictures: named, stopped once, or found by the search."""

import json
import pathlib
from typing import Any

import numpy as np
import pytest

from darkroom_api import conditions, report
from darkroom_api.run_config import Weights
from darkroom_api.v1alpha1.common import Task
from darkroom_predict.description import read_description
from darkroom_trainer.loop import recipe
from darkroom_trainer.prediction import exporting
from darkroom_trainer.training import cost_measurement
from tests.local_storage import a_local_place
from tests.support.learning import write_squares
from tests.support.pretrained import detectors
from tests.unit.trainer import tiny_runs

IMAGES = 10
BUDGET_SECONDS = 14.0


@pytest.fixture
def bench(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> tiny_runs.Bench:
    """Return a detector to train on ten scenes, and a folder with the weights of a tiny one."""
    monkeypatch.setattr(tiny_runs, "TICK_SECONDS", 0.1)
    monkeypatch.setattr(cost_measurement, "TRANSFORMER_EXPORT_SECONDS", 0.5)
    monkeypatch.setattr(recipe, "TRANSFORMER_LEAST_FRACTION", 0.004)
    monkeypatch.setattr(recipe, "TRANSFORMER_STEPS", (recipe.LadderStep("", 64, 8, 0.05, trained_stages=0),))
    monkeypatch.setattr(recipe, "LEAST_PRETRAINED_PX", 32)
    detectors.write_detector(tmp_path / "nets" / "dfine-tiny-test")
    return tiny_runs.Bench(tmp_path, write_squares(tmp_path / "train", IMAGES, boxed=True), Task.DETECTOR)


def run(bench: tiny_runs.Bench, attempt: int = 1, **changes: Any) -> report.Outcome:
    weights = Weights(location=a_local_place(bench.folder / "nets"), embedded=False)
    return bench.run(attempt, weights=weights, **{"budget_seconds": BUDGET_SECONDS, **changes})


@pytest.mark.slow
def test_a_named_detector_is_trained_stage_by_stage_over_a_stop_and_its_files_answer_as_it_does(
    bench: tiny_runs.Bench,
) -> None:
    stopped = run(bench, 1, backbone=detectors.NAME, stop_at="Training the hold-out model")
    assert stopped.reason is not conditions.Reason.SUCCEEDED, stopped.message
    finished = run(bench, 2, backbone=detectors.NAME)
    assert finished.reason is conditions.Reason.SUCCEEDED, finished.message
    assert finished.meter.charged_seconds <= BUDGET_SECONDS
    metrics = bench.read_metrics()
    assert metrics["weights"][0]["matched_tensors"] == metrics["weights"][0]["total_tensors"]
    rounds = {trial["rung"]: trial["settings"]["trained_stages"] for trial in metrics["trials"]}
    assert rounds == {number: number for number in rounds}, "one stage more in each round"
    folder = bench.folder / "model"
    described = read_description(folder)
    assert (described.backbone, json.dumps(described.network, sort_keys=True)) == (
        detectors.NAME,
        detectors.a_network(),
    )
    pixels = np.random.default_rng(0).integers(0, 256, (4, 64, 64, 3), dtype=np.uint8)
    parity = exporting.export_model(folder, ["model.json", "model.safetensors"], described, pixels)
    assert parity.agrees, "what is built by model.json alone says in ONNX what it says in torch"


@pytest.mark.slow
def test_the_search_starts_from_a_detector_that_it_comes_across_where_the_budget_pays(bench: tiny_runs.Bench) -> None:
    outcome = run(bench)
    assert outcome.reason is conditions.Reason.SUCCEEDED, outcome.message
    assert outcome.meter.charged_seconds <= BUDGET_SECONDS
    measured = [one["recipe"]["backbone"] for one in bench.read_metrics()["measuredRecipes"]]
    assert measured[-1] == detectors.NAME
    assert "test_resnet" in measured
