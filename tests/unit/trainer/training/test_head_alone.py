"""Small runs whose model is the frozen-feature classifier alone, on coloured squares that it tells apart by itself."""

import json
import pathlib
from typing import Any

import numpy as np
import pytest
import safetensors.torch
import torch

from darkroom_api import conditions, endings, run_config
from darkroom_api.v1alpha1.common import MeasuredOn, StopReason
from darkroom_predict import command, loading
from darkroom_trainer.budget.slowdown import ALLOWED_SLOWDOWN
from darkroom_trainer.tasks.classifier import Classifier
from darkroom_trainer.training import head_alone
from tests.support import learning
from tests.unit.trainer.prepared_runs import prepare_squares
from tests.unit.trainer.tiny_runs import BUDGET_SECONDS, Bench

MEASURING = "Measuring the final model"
ENDLESS = 10**9
"""Image passes that no budget pays for."""


def a_bench(folder: pathlib.Path, images: int = 30) -> Bench:
    return Bench(folder, learning.write_squares(folder / "train", images, boxed=False))


def shuffle_tags(file: pathlib.Path) -> None:
    """Give every image the tag of another one, at random."""
    coco = json.loads(file.read_text())
    tags = np.random.default_rng(5).permutation([one["category_id"] for one in coco["annotations"]])
    annotations = [{**one, "category_id": int(tag)} for one, tag in zip(coco["annotations"], tags, strict=True)]
    file.write_text(json.dumps({**coco, "annotations": annotations}))


def read_description(bench: Bench) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((bench.folder / "model" / "model.json").read_text())
    return found


def read_weights(bench: Bench) -> dict[str, torch.Tensor]:
    return safetensors.torch.load_file(bench.folder / "model" / "model.safetensors")


@pytest.mark.slow
def test_a_budget_without_time_for_a_network_gives_the_head_scored_on_all_images(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Classifier, "least_passes", ENDLESS)
    bench = a_bench(tmp_path)
    outcome = bench.run(budget_seconds=2 * BUDGET_SECONDS)
    assert outcome.reason is conditions.Reason.SUCCEEDED, outcome.message
    assert outcome.stop_reason is StopReason.BUDGET_REACHED
    assert "; classifier on hand-made features; " in outcome.message
    assert outcome.performance is not None
    assert outcome.performance.measured_on is MeasuredOn.HOLD_OUT
    assert (outcome.performance.images, outcome.performance.score) == (30, 1.0), "by cross-validation, not of six"
    described, metrics = read_description(bench), bench.read_metrics()
    assert (described["backbone"], described["light_share"]) == (None, 1.0)
    assert (metrics["steps"], metrics["weights"], metrics["lightShare"]) == (0, [], 1.0)
    assert not any(name.startswith("network.") for name in read_weights(bench)), "the network is not handed over"

    predictor = loading.open_predictor(bench.folder / "model")
    assert (bench.folder / "model" / "model.onnx").exists()
    files = [bench.file.parent / f"train-{number}.png" for number in (1, 2, 3)]
    pixels = np.stack([command.decode_image(file, described["preprocessing"]["image_size_px"]) for file in files])
    assert [int(one.labels[0]) for one in predictor.predict(pixels)] == [1, 2, 0]


@pytest.mark.slow
def test_where_the_head_only_guesses_too_small_a_budget_is_not_enough(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Classifier, "least_passes", ENDLESS)
    bench = a_bench(tmp_path)
    shuffle_tags(bench.file)
    outcome = bench.run()
    assert outcome.reason is conditions.Reason.BUDGET_NOT_ENOUGH, outcome.message


@pytest.mark.slow
def test_networks_whose_loss_diverges_leave_the_head(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Classifier, "least_passes", 100)
    monkeypatch.setattr(Classifier, "compute_loss", lambda _task, outputs, _targets: outputs.sum() * float("nan"))
    bench = a_bench(tmp_path)
    outcome = bench.run()
    assert outcome.reason is conditions.Reason.SUCCEEDED, outcome.message
    assert outcome.stop_reason is StopReason.NO_PROGRESS
    assert read_description(bench)["backbone"] is None
    networks = [trial for trial in bench.read_metrics()["trials"] if trial["kind"] == "network"]
    assert networks
    assert not any(trial["end"] == "won" for trial in networks)


@pytest.mark.slow
def test_a_network_that_learned_nothing_has_no_part(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Classifier, "least_passes", 100)
    monkeypatch.setattr(Classifier, "compute_loss", lambda _task, outputs, _targets: outputs.sum() * 0.0)
    bench = a_bench(tmp_path)
    outcome = bench.run()
    assert outcome.reason is conditions.Reason.SUCCEEDED, outcome.message
    assert read_description(bench)["light_share"] == 1.0
    assert outcome.performance is not None
    assert outcome.performance.images == 30


@pytest.mark.slow
def test_with_one_image_a_tag_nothing_is_held_out_and_no_network_is_trained(tmp_path: pathlib.Path) -> None:
    bench = a_bench(tmp_path, images=3)
    outcome = bench.run()
    assert outcome.reason is conditions.Reason.SUCCEEDED, outcome.message
    assert outcome.stop_reason is StopReason.FEW_IMAGES
    assert outcome.performance is None
    assert outcome.message.startswith("Trained on 3 images, too few to hold any out for a score; classifier on ")
    assert (read_description(bench)["light_share"], bench.read_metrics()["steps"]) == (1.0, 0)


@pytest.mark.slow
def test_few_images_and_pretrained_features_need_no_network(tmp_path: pathlib.Path) -> None:
    bench = a_bench(tmp_path, images=12)
    outcome = bench.run(weights=run_config.Weights(embedded=True), budget_seconds=60.0)
    assert outcome.reason is conditions.Reason.SUCCEEDED, outcome.message
    assert outcome.stop_reason is StopReason.FEW_IMAGES
    assert "; classifier on frozen features of tf_efficientnet_lite0.in1k (" in outcome.message
    metrics = bench.read_metrics()
    assert [record["name"] for record in metrics["weights"]] == ["tf_efficientnet_lite0.in1k"]
    assert metrics["steps"] == 0
    assert metrics["onnx"]["agrees"]
    assert "| Model | classifier on frozen features of " in (bench.folder / "model" / "card.md").read_text()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("images", "has_weights"),
    [pytest.param(30, False, id="hand-made features"), pytest.param(12, True, id="features of embedded weights")],
)
def test_a_run_that_was_stopped_hands_over_the_same_head_bit_for_bit(
    images: int, *, has_weights: bool, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Classifier, "least_passes", ENDLESS)
    whole, broken = a_bench(tmp_path / "whole", images), a_bench(tmp_path / "broken", images)
    more: dict[str, Any] = {"weights": run_config.Weights(embedded=has_weights), "budget_seconds": 20.0}
    assert whole.run(**more).reason is conditions.Reason.SUCCEEDED
    assert broken.run(1, stop_at=MEASURING, **more).exit_code is endings.ExitCode.STOPPED
    resumed = broken.run(2, **more)
    assert resumed.reason is conditions.Reason.SUCCEEDED, resumed.message
    assert resumed.stop_reason is StopReason.BUDGET_REACHED
    assert bool(broken.read_metrics()["weights"]) is has_weights
    expected, found = read_weights(whole), read_weights(broken)
    assert expected.keys() == found.keys()
    assert all(torch.equal(value, found[name]) for name, value in expected.items())
    assert broken.read_metrics()["holdOut"] == whole.read_metrics()["holdOut"]


@pytest.mark.slow
def test_a_cancelled_run_keeps_the_head(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Classifier, "least_passes", ENDLESS)
    bench = a_bench(tmp_path)
    bench.run(1, stop_at=MEASURING)
    kept = bench.run(2, publish_only=True)
    assert kept.reason is conditions.Reason.CANCELLED, kept.message
    assert kept.message.startswith(
        "Cancelled; the best model so far (hold-out score 1.000, classifier on hand-made features) is kept at "
    )


@pytest.mark.slow
@pytest.mark.parametrize("slowdown", [1.0, 3.0])
def test_where_no_step_tells_how_slow_the_machine_became_the_frozen_network_does(
    slowdown: float, tmp_path: pathlib.Path
) -> None:
    run, session, _ = prepare_squares(tmp_path, 12, weights=run_config.Weights(embedded=True))
    run.ledger.revise(embed_image_seconds=run.ledger.costs.embed_image_seconds / slowdown)
    head_alone.leave_out_network(run, session)
    assert session.head_alone is StopReason.FEW_IMAGES
    assert run.ledger.slowdown.factor == pytest.approx(max(1.0, slowdown / ALLOWED_SLOWDOWN))


def test_every_end_of_a_network_that_a_head_outlives_has_a_reason_to_stop() -> None:
    outlived = {reason for reason, row in endings.ENDINGS.items() if row.without_network is not None}
    assert outlived == {conditions.Reason.BUDGET_NOT_ENOUGH, conditions.Reason.TRAINING_DIVERGED}
