"""The trainer's process: bad configuration, the report port, and ends that nobody planned."""

import json
import logging
import pathlib
import threading
import urllib.request
from typing import Any

import pytest

from darkroom_api import conditions, endings, report, run_config
from darkroom_api.v1alpha1.common import AnnotationKind, Task
from darkroom_trainer.commands import engine, process
from darkroom_trainer.runtime.logs import JsonFormatter
from darkroom_trainer.runtime.reporting import HttpReporter, SilentReporter


def a_config(command: run_config.Command = run_config.Command.TRAIN, **changes: Any) -> run_config.RunConfig:
    source = run_config.DatasetSource(
        name="pets", annotation_kind=AnnotationKind.CLASSIFICATION, annotation_files=("file:/nowhere/train.json",)
    )
    resource = run_config.ResourceReference(kind="Model", namespace="vision", name="pets", uid="u")
    values: dict[str, Any] = {"task": Task.CLASSIFIER, "budget_seconds": 60, **changes}
    return run_config.RunConfig(command=command, resource=resource, dataset=source, **values)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        pytest.param("{", "the file", id="no JSON"),
        pytest.param("{}", "dataset: Field required", id="nothing in it"),
        pytest.param('{"surprise": 1}', "surprise", id="an unknown key"),
        pytest.param(None, "No such file", id="no file"),
    ],
)
def test_a_bad_configuration_ends_with_64_and_names_the_field(
    tmp_path: pathlib.Path, text: str | None, named: str
) -> None:
    if text is not None:
        (tmp_path / "run.json").write_text(text)
    log = tmp_path / "termination"
    arguments = ["train", "--config", str(tmp_path / "run.json"), "--termination-log", str(log), "--port", "0"]
    assert process.run_process(arguments, threading.Event()) == endings.ExitCode.BAD_CONFIG
    outcome = report.parse_outcome(log.read_text())
    assert outcome is not None
    assert outcome.reason is conditions.Reason.INVALID_CONFIGURATION
    assert named in outcome.message


def test_a_configuration_for_another_command_is_refused(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "run.json"
    path.write_text(json.dumps(a_config().to_json()))
    with pytest.raises(process.BadConfig, match="command"):
        process.read_config(path, run_config.Command.EVALUATE)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        pytest.param({"task": Task.PRODUCT_RECOGNIZER}, "task: a productRecognizer needs", id="tags without boxes"),
        pytest.param({"task": Task.MULTILABEL_CLASSIFIER}, "task: a multilabelClassifier needs", id="one tag an image"),
        pytest.param({"backbone": "resnet_eighteen"}, "backbone: ", id="a network that nobody knows"),
        pytest.param({"task": None}, "task:", id="no task"),
        pytest.param({"budget_seconds": None}, "budgetSeconds:", id="no budget"),
        pytest.param({"task": Task.DETECTOR}, "task: a detector needs", id="data of another kind"),
    ],
)
def test_a_training_that_cannot_be_is_refused_by_field(
    tmp_path: pathlib.Path, changes: dict[str, Any], field: str
) -> None:
    outcome = engine.execute(a_config(**changes), tmp_path, SilentReporter())
    assert outcome.reason is conditions.Reason.INVALID_CONFIGURATION
    assert outcome.message.startswith(field)
    assert outcome.exit_code == endings.ExitCode.BAD_CONFIG


def test_a_stop_request_ends_with_143(tmp_path: pathlib.Path) -> None:
    stop = threading.Event()
    stop.set()
    outcome = engine.execute(a_config(run_config.Command.INSPECT), tmp_path, SilentReporter(), stop)
    assert outcome.exit_code == endings.ExitCode.STOPPED


def test_an_unexpected_exception_becomes_unknown_with_its_place(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def explode(*_arguments: object) -> None:
        raise ZeroDivisionError("of all things")

    monkeypatch.setattr(engine, "_dispatch", explode)
    outcome = engine.execute(a_config(), tmp_path, SilentReporter())
    assert outcome.reason is conditions.Reason.UNKNOWN
    assert outcome.message.startswith("ZeroDivisionError: of all things (test_process.py:")


def read(port: int, path: str) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
        return answer.read().decode()  # type: ignore[no-any-return]


def test_the_report_port_serves_progress_and_gauges() -> None:
    reporter = HttpReporter(0, devices=2, milli_rate=500)
    try:
        reporter.update(percent=42, stage="Training", eta_seconds=7, charged_seconds=12.34)
        reporter.update(percent=43, stage="Training")
        status = json.loads(read(reporter.port, "/status"))
        gauges = read(reporter.port, "/metrics")
        with pytest.raises(urllib.error.HTTPError):
            read(reporter.port, "/secret")
    finally:
        reporter.close()
    assert status == {
        "percent": 43,
        "stage": "Training",
        "meter": {"chargedSeconds": 12.3, "devices": 2, "milliRate": 500},
    }
    assert "darkroom_trainer_charged_seconds 12.3" in gauges
    assert "darkroom_trainer_progress_percent 43.0" in gauges


def test_a_log_line_is_one_json_object() -> None:
    record = logging.makeLogRecord({"name": "x", "levelname": "INFO", "msg": "two\nlines %d", "args": (1,), "trial": 3})
    line = JsonFormatter().format(record)
    assert "\n" not in line
    assert json.loads(line)["message"] == "two\nlines 1"
    assert json.loads(line)["trial"] == 3
