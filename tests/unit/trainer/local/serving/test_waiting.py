"""What the worker of a local server does next."""

import pathlib

from darkroom_api.conditions import RunPhase
from darkroom_api.run_config import RunConfig
from darkroom_trainer.local.serving.waiting import list_cancelled, list_steps
from tests.unit.trainer.run_builders import a_dataset, a_model, a_prediction
from tests.unit.trainer.state_builders import FIRST, put, read_state


def test_an_empty_folder_needs_nothing(tmp_path: pathlib.Path) -> None:
    assert list(list_steps(read_state(tmp_path), FIRST)) == []


def test_a_dataset_alone_needs_nothing(tmp_path: pathlib.Path) -> None:
    put(tmp_path, a_dataset())
    assert list(list_steps(read_state(tmp_path), FIRST)) == []


def test_those_that_wait_say_so_and_the_first_that_can_run_is_the_last_step(tmp_path: pathlib.Path) -> None:
    put(tmp_path, a_dataset())
    put(tmp_path, a_model("waits", dataset="pears"))
    put(tmp_path, a_model("runs"), age_seconds=1)
    put(tmp_path, a_model("later"), age_seconds=2)
    steps = list(list_steps(read_state(tmp_path), FIRST))
    assert [step.entry.manifest.name for step in steps] == ["waits", "fruit"]
    assert isinstance(steps[1].planned, RunConfig)


def test_what_has_said_already_for_what_it_waits_is_no_step(tmp_path: pathlib.Path) -> None:
    put(tmp_path, a_model("waits", dataset="pears"))
    state = read_state(tmp_path)
    (step,) = list_steps(state, FIRST)
    assert not isinstance(step.planned, RunConfig)
    step.entry.status = step.planned
    assert list(list_steps(state, FIRST)) == []


def test_a_suspended_model_reads_no_dataset(tmp_path: pathlib.Path) -> None:
    put(tmp_path, a_dataset())
    put(tmp_path, a_model(suspend=True))
    assert [step.entry.manifest.name for step in list_steps(read_state(tmp_path), FIRST)] == ["sorter"]


def test_what_was_cancelled_before_it_began_ends_at_once_whatever_else_runs(tmp_path: pathlib.Path) -> None:
    put(tmp_path, a_dataset())
    put(tmp_path, a_model("runs"))
    put(tmp_path, a_model("unwanted", cancel=True), age_seconds=1)
    (step,) = list_cancelled(read_state(tmp_path), FIRST)
    assert not isinstance(step.planned, RunConfig)
    assert (step.entry.manifest.name, step.planned.phase) == ("unwanted", RunPhase.CANCELLED)


def test_a_prediction_over_a_dataset_has_it_read_and_one_over_a_folder_reads_none(tmp_path: pathlib.Path) -> None:
    put(tmp_path, a_dataset())
    put(tmp_path, a_prediction("folder", images={"uri": "s3://vision/new"}))
    put(tmp_path, a_prediction("dataset"), age_seconds=1)
    steps = list(list_steps(read_state(tmp_path), FIRST))
    assert [step.entry.manifest.name for step in steps] == ["folder", "fruit"]
    assert not isinstance(steps[0].planned, RunConfig), "its Model is not there"
