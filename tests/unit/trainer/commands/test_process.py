"""The trainer's process: bad configuration, and ends that nobody planned."""

import json
import pathlib
import threading
from typing import Any

import pytest

from darkroom_api import conditions, endings, report, run_config
from darkroom_api.v1alpha1.common import AnnotationKind, Task
from darkroom_trainer.commands import dispatching, engine, process
from darkroom_trainer.runtime.reporting import SilentReporter
from tests.local_storage import LOCAL


def a_config(command: run_config.Command = run_config.Command.TRAIN, **changes: Any) -> run_config.RunConfig:
    source = run_config.DatasetSource(
        name="pets",
        annotation_kind=AnnotationKind.CLASSIFICATION,
        annotation_files=("file:/nowhere/train.json",),
        storage=LOCAL,
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

    monkeypatch.setattr(dispatching, "dispatch", explode)
    outcome = engine.execute(a_config(), tmp_path, SilentReporter())
    assert outcome.reason is conditions.Reason.UNKNOWN
    assert outcome.message.startswith("ZeroDivisionError: of all things (test_process.py:")
