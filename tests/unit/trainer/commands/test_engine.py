"""Both tasks from a COCO file to a published, evaluated model that predicts, on coloured squares."""

import json
import logging
import pathlib
from collections.abc import Iterable

import pytest
from PIL import Image

from darkroom_api import conditions, endings, run_config
from darkroom_api.v1alpha1.common import MeasuredOn, Task
from darkroom_predict import listing
from darkroom_predict.command import run_predict
from darkroom_trainer.checkpoints.sessions import Stage
from darkroom_trainer.commands import engine
from darkroom_trainer.runtime import reporting
from darkroom_trainer.training import fitting
from tests.support.learning import LABELS, a_local_place, leave_to_networks, write_squares
from tests.unit.trainer import tiny_runs

BUDGETS = {Task.CLASSIFIER: 20.0, Task.DETECTOR: 25.0}


@pytest.mark.slow
@pytest.mark.parametrize("task", [Task.CLASSIFIER, Task.DETECTOR])
def test_squares_are_learned_within_the_budget(
    tmp_path: pathlib.Path, task: Task, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("darkroom_trainer.tasks.classifier.Classifier.least_passes", 200)
    monkeypatch.setattr("darkroom_trainer.tasks.detector.Detector.least_passes", 200)
    boxed = task is Task.DETECTOR
    train = write_squares(tmp_path / "train", 45, boxed=boxed)
    held = write_squares(tmp_path / "eval", 12, boxed=boxed, seed=1)
    model = a_local_place(tmp_path / "model")
    budget = BUDGETS[task]
    trained = tiny_runs.run(run_config.Command.TRAIN, task, train, tmp_path / "w1", budget_seconds=budget, output=model)
    assert trained.reason is conditions.Reason.SUCCEEDED, trained.message
    assert 0 < trained.meter.charged_seconds <= budget
    assert trained.performance is not None
    assert trained.performance.measured_on is MeasuredOn.HOLD_OUT
    assert trained.artifacts is not None
    names = ["model.json", "model.safetensors", "metrics.json", "predictions.json", "predictions.png"]
    assert listing.check_files(tmp_path / "model", names).digest == trained.artifacts.digest
    assert not list((tmp_path / "model").glob("checkpoints/*.safetensors")), "checkpoints go with the success"

    report = a_local_place(tmp_path / "report")
    measured = tiny_runs.run(run_config.Command.EVALUATE, task, held, tmp_path / "w2", model=model, output=report)
    assert measured.reason is conditions.Reason.SUCCEEDED, measured.message
    assert measured.model_digest == trained.artifacts.digest
    assert measured.performance is not None
    assert measured.performance.score is not None
    assert measured.performance.score > (0.6 if task is Task.CLASSIFIER else 0.2)
    answers = json.loads((tmp_path / "report" / "predictions.json").read_text())["images"]
    assert len(answers) == 12

    picture = tmp_path / "p.png"
    assert run_predict(tmp_path / "model", [tmp_path / "eval" / "eval-1.png"], picture) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["metadata"] == {"width": 48, "height": 48}
    if task is Task.CLASSIFIER:
        assert {tag["name"] for tag in answer["customModelResult"]["tagsResult"]["values"]} == set(LABELS)
    assert Image.open(picture).size[0] > 200


def stop_at_each(stages: Iterable[str], config: run_config.RunConfig, folder: pathlib.Path) -> run_config.RunConfig:
    """Stop one attempt after the other, each at a stage of its own; returns the configuration of the next one."""
    assert config.budget_seconds is not None
    charged, attempt = 0.0, 0
    for attempt, stage in enumerate(stages, start=1):
        reporter, mine = tiny_runs.StopAt(stage), config.model_copy(update={"attempt": attempt})
        stopped = engine.execute(mine, folder / f"w{attempt}", reporter, reporter.stop, tiny_runs.a_meter(mine))
        assert stopped.exit_code == endings.ExitCode.STOPPED, stopped.message
        assert charged < stopped.meter.charged_seconds < config.budget_seconds
        charged = stopped.meter.charged_seconds
    return config.model_copy(update={"attempt": attempt + 1})


@pytest.mark.slow
def test_a_training_that_is_stopped_at_each_stage_goes_on_and_uses_its_whole_budget(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("darkroom_trainer.tasks.classifier.Classifier.least_passes", 100)
    leave_to_networks(monkeypatch)
    train = write_squares(tmp_path / "train", 30, boxed=False)
    model = a_local_place(tmp_path / "model")
    config = tiny_runs.a_config(run_config.Command.TRAIN, Task.CLASSIFIER, train, budget_seconds=20.0, output=model)
    last = stop_at_each(fitting.STAGE_NAMES.values(), config, tmp_path)
    finished = engine.execute(last, tmp_path / "last", reporting.SilentReporter(), meter=tiny_runs.a_meter(last))
    assert finished.reason is conditions.Reason.SUCCEEDED, finished.message
    assert 16 < finished.meter.charged_seconds <= 20, "what is left of the budget is used"


@pytest.mark.slow
@pytest.mark.parametrize("stages", [(), tuple(fitting.STAGE_NAMES.values())], ids=["at once", "stopped at each stage"])
def test_a_named_pretrained_detector_trains_its_head_on_frozen_maps_within_a_small_budget(
    tmp_path: pathlib.Path, stages: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("darkroom_trainer.tasks.detector.Detector.least_passes", 200)
    train = write_squares(tmp_path / "train", 16, boxed=True)
    config = tiny_runs.a_config(
        run_config.Command.TRAIN,
        Task.DETECTOR,
        train,
        budget_seconds=25.0,
        output=a_local_place(tmp_path / "model"),
        backbone="tf_efficientnet_lite0",
        weights=run_config.Weights(embedded=True),
    )
    last = stop_at_each(stages, config, tmp_path)
    ended = engine.execute(last, tmp_path / "last", reporting.SilentReporter(), meter=tiny_runs.a_meter(last))
    assert ended.reason is conditions.Reason.SUCCEEDED, ended.message
    assert ended.meter.charged_seconds <= 25.0
    assert (tmp_path / "model" / "model.onnx").exists(), "it agrees with torch"
    trials = json.loads((tmp_path / "model" / "metrics.json").read_text())["trials"]
    assert {trial["settings"]["trained_stages"] for trial in trials} == {0}


def add_to_recipes(found: object, **fields: object) -> None:
    """Add fields to every recipe in a JSON document."""
    children = (
        list(found.items()) if isinstance(found, dict) else list(enumerate(found)) if isinstance(found, list) else []
    )
    for name, child in children:
        add_to_recipes(child, **fields)
        if name == "recipe":
            child.update(fields)


@pytest.mark.slow
def test_a_checkpoint_of_a_version_whose_recipes_had_a_moving_average_is_resumed(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("darkroom_trainer.tasks.classifier.Classifier.least_passes", 100)
    leave_to_networks(monkeypatch)
    train = write_squares(tmp_path / "train", 30, boxed=False)
    model = a_local_place(tmp_path / "model")
    reporter = tiny_runs.StopAt(fitting.STAGE_NAMES[Stage.HOLD_OUT])
    config = tiny_runs.a_config(run_config.Command.TRAIN, Task.CLASSIFIER, train, budget_seconds=15.0, output=model)
    stopped = engine.execute(config, tmp_path / "w1", reporter, reporter.stop, tiny_runs.a_meter(config))
    assert stopped.exit_code == endings.ExitCode.STOPPED, stopped.message
    manifests = [
        path for path in (tmp_path / "model/checkpoints").glob("*.json") if not path.name.startswith("attempt")
    ]
    for path in sorted(manifests):
        manifest = json.loads(path.read_text())
        add_to_recipes(manifest, ema=False)
        del manifest["stateSha256"]
        path.write_text(json.dumps({**manifest, "format": 4}))
    newest = manifest["state"]
    assert newest["recipe"]["ema"] is newest["contest"]["contenders"][0]["recipe"]["ema"] is False
    again = config.model_copy(update={"attempt": 2})
    with caplog.at_level(logging.INFO):
        finished = engine.execute(again, tmp_path / "w2", reporting.SilentReporter(), meter=tiny_runs.a_meter(again))
    assert finished.reason is conditions.Reason.SUCCEEDED, finished.message
    assert any(record.message.startswith("resuming from") for record in caplog.records)


@pytest.mark.parametrize(
    ("files", "said"),
    [
        pytest.param({"a.png": None}, "image", id="a missing image"),
        pytest.param({"a.png": b"GIF89a"}, "a.png", id="a broken image"),
        pytest.param({"a.png": "good"}, "no usable model", id="a folder that is no model"),
    ],
)
def test_predict_says_what_is_wrong(
    tmp_path: pathlib.Path, files: dict[str, bytes | str | None], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, data in files.items():
        if data == "good":
            Image.new("RGB", (20, 20)).save(tmp_path / name)
        elif isinstance(data, bytes):
            (tmp_path / name).write_bytes(data)
    assert run_predict(tmp_path, [tmp_path / "a.png"], None) == 1
    captured = capsys.readouterr()
    assert said in captured.err
    assert not captured.out
