"""The folder that a local server and its worker share, as the worker reads and writes it."""

import pathlib
import shutil

import pytest

from darkroom_api.conditions import RunPhase
from darkroom_api.names import artifact_folder
from darkroom_api.run_config import RunConfig
from darkroom_storage.local_files import to_uri
from darkroom_trainer.local.config import build_inspect_config
from darkroom_trainer.local.serving.state_folder import StateFolder
from tests.unit.trainer.run_builders import a_dataset, a_model
from tests.unit.trainer.state_builders import put, read_state


def test_resources_are_read_oldest_first_with_their_generation(tmp_path: pathlib.Path) -> None:
    put(tmp_path, a_model("second"), age_seconds=2)
    put(tmp_path, a_model("first"), age_seconds=1, generation=3)
    found = read_state(tmp_path).entries
    assert [(entry.manifest.name, entry.generation) for entry in found] == [("first", 3), ("second", 1)]
    assert found[0].status.phase is RunPhase.QUEUED
    assert found[0].status.observed_generation == 3


def test_a_status_comes_back_as_it_was_kept(tmp_path: pathlib.Path) -> None:
    put(tmp_path, a_model())
    state = read_state(tmp_path)
    state.entries[0].status = state.entries[0].status.model_copy(update={"message": "Ünterwegs."})
    state.keep(state.entries[0])
    assert read_state(tmp_path).entries[0].status == state.entries[0].status


@pytest.mark.parametrize("text", ["", "{", "[]", '{"kind": "Poem"}', '{"kind": "Model", "metadata": {}}'])
def test_a_resource_that_cannot_be_read_is_passed_over(text: str, tmp_path: pathlib.Path) -> None:
    uid = put(tmp_path, a_model("broken"))
    (tmp_path / "resources" / uid / "resource.json").write_text(text)
    put(tmp_path, a_model("whole"))
    assert [entry.manifest.name for entry in read_state(tmp_path).entries] == ["whole"]


def test_what_is_not_there_yet_or_no_more_is_passed_over(tmp_path: pathlib.Path) -> None:
    uid = put(tmp_path, a_model())
    shutil.move(tmp_path / "resources" / uid, tmp_path / "resources" / f".gone-{uid}")
    assert read_state(tmp_path).entries == []


def test_nothing_is_written_for_a_resource_that_was_deleted(tmp_path: pathlib.Path) -> None:
    uid = put(tmp_path, a_model())
    state = read_state(tmp_path)
    shutil.rmtree(tmp_path / "resources" / uid)
    state.keep(state.entries[0])
    assert not (tmp_path / "resources" / uid).exists()
    assert not state.is_wanted(state.entries[0])


def test_artifacts_of_namesakes_lie_apart(tmp_path: pathlib.Path) -> None:
    put(tmp_path, a_model())
    entry = read_state(tmp_path).entries[0]
    assert entry.target.artifacts == tmp_path / "artifacts" / artifact_folder("Model", "sorter", "model-sorter")


def test_what_a_run_was_told_comes_back_and_is_none_where_it_cannot_be_read(tmp_path: pathlib.Path) -> None:
    uid = put(tmp_path, a_dataset())
    state = read_state(tmp_path)
    entry = state.entries[0]
    assert state.read_run(entry) is None
    config = build_inspect_config(entry.target)
    state.begin(entry, config)
    assert state.read_run(entry) == config
    assert isinstance(config, RunConfig)
    (tmp_path / "resources" / uid / "run.json").write_text('{"command": "sing"}')
    assert state.read_run(entry) is None


def test_a_run_reaches_what_the_server_allows(tmp_path: pathlib.Path) -> None:
    put(tmp_path, a_dataset(storage={"credentialsSecret": "token-1"}))
    state = StateFolder(tmp_path, ("https://10.0.0.8",), (tmp_path / "data",))
    state.read()
    source = build_inspect_config(state.entries[0].target).dataset
    assert source.storage.reach.allowed_endpoints == ("https://10.0.0.8",)
    assert source.storage.credentials_dir == str(tmp_path / "secrets" / "default" / "token-1")
    assert source.local_roots == (to_uri(tmp_path / "data"),)


def test_a_model_is_wanted_until_it_is_cancelled(tmp_path: pathlib.Path) -> None:
    put(tmp_path, a_model())
    state = read_state(tmp_path)
    assert state.is_wanted(state.entries[0])
    put(tmp_path, a_model(cancel=True), generation=2)
    assert not state.is_wanted(state.entries[0])
    # Its publication, which a cancellation asks for, is wanted.
    assert state.is_wanted(read_state(tmp_path).entries[0])
