"""What the worker of a local server does with runs that end, stop, are cancelled or kill it.

The engine is replaced by one that ends as each test says: a real training takes minutes.
"""

import pathlib
import shutil
import subprocess
import sys
import threading
from typing import Any

import pytest

from darkroom_api.conditions import Reason
from darkroom_api.endings import ExitCode
from darkroom_api.report import Outcome
from darkroom_api.run_config import Command, RunConfig
from darkroom_storage.state_folder import write_json
from darkroom_trainer.commands import engine
from darkroom_trainer.local.serving.waiting import MAX_CRASHES
from tests.unit.trainer.engine_stand_in import Engine, Killed, a_worker, kill, stopped, succeed
from tests.unit.trainer.run_builders import a_dataset, a_model, a_prediction, an_evaluation
from tests.unit.trainer.state_builders import put, read_status


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Engine:
    replaced = Engine()
    monkeypatch.setattr(engine, "execute", replaced.execute)
    return replaced


def commands(fake: Engine) -> list[tuple[str, str, int]]:
    return [(config.command.value, config.resource.name, config.attempt) for config in fake.told]


def phase(root: pathlib.Path, uid: str) -> tuple[str, str]:
    status = read_status(root, uid)
    return status["phase"], status["reason"]


def test_what_waits_runs_in_the_order_in_which_it_was_asked_for(fake: Engine, tmp_path: pathlib.Path) -> None:
    put(tmp_path, a_dataset())
    second = put(tmp_path, a_model("second"), age_seconds=2)
    first = put(tmp_path, a_model("first"), age_seconds=1)
    measured = put(tmp_path, an_evaluation(model="second"), age_seconds=3)
    answered = put(tmp_path, a_prediction(model="second", images={"uri": "s3://vision/new"}), age_seconds=4)
    assert a_worker(tmp_path).work() == ExitCode.SUCCEEDED
    assert [name for command, name, _ in commands(fake) if command == "train"] == ["first", "second"]
    assert commands(fake)[-2:] == [("evaluate", "june", 1), ("predict", "new", 1)]
    assert {phase(tmp_path, uid) for uid in (first, second, measured, answered)} == {("Succeeded", "Succeeded")}


def test_a_dataset_is_read_once_for_all_that_was_asked_for_before(fake: Engine, tmp_path: pathlib.Path) -> None:
    put(tmp_path, a_dataset())
    put(tmp_path, a_model("first"))
    put(tmp_path, a_model("second"), age_seconds=1)
    a_worker(tmp_path).work()
    assert [command for command, _, _ in commands(fake)] == ["inspect", "train", "train"]


@pytest.mark.parametrize(
    ("generation", "began", "age_seconds"),
    [
        pytest.param(1, "2026-05-04T11:00:00Z", 1, id="asked for after it was read"),
        pytest.param(1, "2026-05-04T12:00:00.100000Z", 0.5, id="asked for in the second in which it was read"),
        pytest.param(2, None, 1, id="asked for after it was changed"),
    ],
)
def test_a_dataset_is_read_again_for_what_is(
    generation: int, began: str | None, age_seconds: float, fake: Engine, tmp_path: pathlib.Path
) -> None:
    uid = put(tmp_path, a_dataset())
    put(tmp_path, a_model("first"))
    a_worker(tmp_path).work()
    if began is not None:
        status = read_status(tmp_path, uid)
        status["attempts"][0]["startedAt"] = began
        write_json(tmp_path / "resources" / uid / "status.json", status)
    put(tmp_path, a_dataset(), generation=generation)
    put(tmp_path, a_model("next"), age_seconds=age_seconds)
    a_worker(tmp_path).work()
    assert commands(fake)[2:] == [("inspect", "fruit", 1), ("train", "next", 1)]


def test_a_clock_that_was_set_back_does_not_keep_a_run_from_starting(fake: Engine, tmp_path: pathlib.Path) -> None:
    put(tmp_path, a_dataset())
    put(tmp_path, a_model(), age_seconds=1e9)
    assert a_worker(tmp_path).work() == ExitCode.SUCCEEDED
    assert commands(fake) == [("inspect", "fruit", 1), ("train", "sorter", 1)]


def test_what_can_only_wait_says_for_what_and_ends_the_worker(fake: Engine, tmp_path: pathlib.Path) -> None:
    uid = put(tmp_path, a_model())
    assert a_worker(tmp_path).work() == ExitCode.SUCCEEDED
    assert fake.told == []
    assert phase(tmp_path, uid) == ("Queued", "WaitingForDataset")
    assert "create it" in read_status(tmp_path, uid)["message"]


def test_a_server_that_stops_leaves_a_model_queued_which_goes_on(fake: Engine, tmp_path: pathlib.Path) -> None:
    put(tmp_path, a_dataset())
    uid = put(tmp_path, a_model())
    put(tmp_path, a_model("next"), age_seconds=1)
    worker = a_worker(tmp_path)

    def stop_when_told(config: RunConfig, stop: threading.Event) -> Outcome:
        worker.stop_all()
        assert stop.is_set()
        return stopped(config)

    fake.instead[Command.TRAIN] = stop_when_told
    assert worker.work() == ExitCode.STOPPED
    assert phase(tmp_path, uid) == ("Queued", "RetryingAfterDisruption")
    assert commands(fake)[-1] == ("train", "sorter", 1)
    # Meanwhile the Dataset becomes another one: the Model keeps what it was told.
    put(tmp_path, a_dataset(annotationFiles=["file:///other.json"]), generation=2)
    del fake.instead[Command.TRAIN]
    a_worker(tmp_path).work()
    again = fake.told[2]
    assert (again.command, again.attempt, again.charged_seconds) == (Command.TRAIN, 2, 12.0)
    assert again.dataset == fake.told[1].dataset
    status = read_status(tmp_path, uid)
    assert (status["phase"], [attempt["outcome"] for attempt in status["attempts"]]) == (
        "Succeeded", ["RetryingAfterDisruption", "Succeeded"],
    )  # fmt: skip


def test_a_killed_worker_leaves_a_model_that_the_next_one_goes_on_with(fake: Engine, tmp_path: pathlib.Path) -> None:
    put(tmp_path, a_dataset())
    uid = put(tmp_path, a_model())
    fake.instead[Command.TRAIN] = kill
    with pytest.raises(Killed):
        a_worker(tmp_path).work()
    assert phase(tmp_path, uid) == ("Training", "Training")
    del fake.instead[Command.TRAIN]
    a_worker(tmp_path).work()
    assert phase(tmp_path, uid) == ("Succeeded", "Succeeded")
    assert commands(fake)[1:] == [("train", "sorter", 1), ("train", "sorter", 2)]


@pytest.mark.parametrize(
    ("command", "uid", "expected"),
    [
        pytest.param(Command.TRAIN, "model-sorter", ("Failed", "Unknown"), id="a training"),
        pytest.param(Command.EVALUATE, "evaluation-june", ("Failed", "Unknown"), id="an evaluation"),
        pytest.param(Command.INSPECT, "dataset-fruit", ("Invalid", "Unknown"), id="an inspection"),
    ],
)
def test_a_run_that_kills_its_worker_each_time_is_given_up(
    command: Command, uid: str, expected: tuple[str, str], fake: Engine, tmp_path: pathlib.Path
) -> None:
    put(tmp_path, a_dataset())
    put(tmp_path, a_model())
    put(tmp_path, an_evaluation(), age_seconds=1)
    fake.instead[command] = kill
    for _ in range(MAX_CRASHES):
        with pytest.raises(Killed):
            a_worker(tmp_path).work()
    assert a_worker(tmp_path).work() == ExitCode.SUCCEEDED
    assert phase(tmp_path, uid) == expected
    assert "killed 3 times" in read_status(tmp_path, uid)["message"]
    assert read_status(tmp_path, "evaluation-june")["phase"] == "Failed"


def test_a_model_that_is_cancelled_while_it_trains_publishes_what_it_has(fake: Engine, tmp_path: pathlib.Path) -> None:
    put(tmp_path, a_dataset())
    uid = put(tmp_path, a_model())
    worker = a_worker(tmp_path)

    def cancel_it(config: RunConfig, stop: threading.Event) -> Outcome:
        if config.publish_only:
            assert not stop.is_set()
            return succeed(config)
        worker.stop_unwanted()
        assert not stop.is_set()
        put(tmp_path, a_model(cancel=True), generation=2)
        worker.stop_unwanted()
        assert stop.is_set()
        return stopped(config)

    fake.instead[Command.TRAIN] = cancel_it
    assert worker.work() == ExitCode.SUCCEEDED
    status = read_status(tmp_path, uid)
    assert (status["phase"], status["reason"]) == ("Cancelled", "Cancelled")
    assert status["artifacts"]["uri"]
    assert [config.publish_only for config in fake.told] == [False, False, True]


def test_a_model_that_is_deleted_while_it_trains_stops_and_leaves_nothing(fake: Engine, tmp_path: pathlib.Path) -> None:
    put(tmp_path, a_dataset())
    uid = put(tmp_path, a_model())
    put(tmp_path, a_model("next"), age_seconds=1)
    worker = a_worker(tmp_path)

    def delete_it(config: RunConfig, stop: threading.Event) -> Outcome:
        if config.resource.name == "next":
            return succeed(config)
        shutil.rmtree(tmp_path / "resources" / uid)
        worker.stop_unwanted()
        assert stop.is_set()
        return stopped(config)

    fake.instead[Command.TRAIN] = delete_it
    assert worker.work() == ExitCode.SUCCEEDED
    assert not (tmp_path / "resources" / uid).exists()
    assert phase(tmp_path, "model-next") == ("Succeeded", "Succeeded")


def test_an_evaluation_that_was_stopped_begins_anew(fake: Engine, tmp_path: pathlib.Path) -> None:
    put(tmp_path, a_dataset())
    put(tmp_path, a_model())
    uid = put(tmp_path, an_evaluation(), age_seconds=1)
    worker = a_worker(tmp_path)

    def stop_it(config: RunConfig, _stop: threading.Event) -> Outcome:
        worker.stop_all()
        return stopped(config, 0.0)

    fake.instead[Command.EVALUATE] = stop_it
    worker.work()
    assert phase(tmp_path, uid) == ("Queued", "RetryingAfterDisruption")
    del fake.instead[Command.EVALUATE]
    a_worker(tmp_path).work()
    assert phase(tmp_path, uid) == ("Succeeded", "Succeeded")


def test_a_failed_run_says_why_and_does_not_come_back(fake: Engine, tmp_path: pathlib.Path) -> None:
    put(tmp_path, a_dataset())
    uid = put(tmp_path, a_model())

    def fail(config: RunConfig, _stop: threading.Event) -> Outcome:
        return Outcome(command=config.command, reason=Reason.BUDGET_NOT_ENOUGH, message="Give 2 min.")

    fake.instead[Command.TRAIN] = fail
    a_worker(tmp_path).work()
    a_worker(tmp_path).work()
    told: Any = read_status(tmp_path, uid)
    assert (told["phase"], told["reason"], told["message"]) == ("Failed", "BudgetNotEnough", "Give 2 min.")
    assert len(fake.told) == 2


def test_the_process_ends_by_itself_while_its_server_lives(tmp_path: pathlib.Path) -> None:
    uid = put(tmp_path, a_model())
    command = [sys.executable, "-m", "darkroom_trainer.local.serving.server_worker", str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as process:
        assert process.wait(40) == 0
    assert phase(tmp_path, uid) == ("Queued", "WaitingForDataset")


def test_a_run_that_does_not_stop_is_cut_short_which_is_no_crash(
    fake: Engine, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(tmp_path, a_dataset())
    uid = put(tmp_path, a_model())
    worker, left = a_worker(tmp_path), threading.Event()
    seen: list[tuple[str, str, str]] = []

    def leave(_code: int) -> None:
        seen.append((*phase(tmp_path, uid), read_status(tmp_path, uid)["attempts"][-1]["outcome"]))
        left.set()

    def go_on(_config: RunConfig, _stop: threading.Event) -> Outcome:
        worker.stop_all()
        assert left.wait(20)
        raise Killed

    monkeypatch.setattr("darkroom_trainer.local.serving.server_worker.STOP_SECONDS", 0.05)
    monkeypatch.setattr("os._exit", leave)
    fake.instead[Command.TRAIN] = go_on
    with pytest.raises(Killed):
        worker.work()
    assert seen == [("Queued", "RetryingAfterDisruption", "RetryingAfterDisruption")]
