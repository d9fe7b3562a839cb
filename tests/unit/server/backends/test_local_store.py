"""The files of a local server, and what it makes of those that another one left."""

import json
import pathlib
import stat

import pytest

from darkroom_api.conditions import RunPhase
from darkroom_server.backends.backend import Unavailable
from darkroom_server.backends.local_store import LocalStore
from tests.support.server.backend_stories import DATASET, MODEL, a_manifest


def test_the_folder_is_its_users_only(tmp_path: pathlib.Path) -> None:
    LocalStore(tmp_path / "a" / "state").close()
    assert stat.S_IMODE((tmp_path / "a" / "state").stat().st_mode) == 0o700


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"kind": "Dataset"}', '{"kind": "Poem", "metadata": {}}'])
def test_a_file_that_cannot_be_read_is_named_at_the_start(text: str, tmp_path: pathlib.Path) -> None:
    store = LocalStore(tmp_path)
    made = store.create("Dataset", "default", a_manifest("Dataset", "fruit", DATASET))
    store.close()
    path = tmp_path / "resources" / made.uid / "resource.json"
    path.write_text(text)
    with pytest.raises(Unavailable, match=str(path)):
        LocalStore(tmp_path)
    path.write_text(json.dumps({}))
    with pytest.raises(Unavailable):  # and not because the folder is still locked
        LocalStore(tmp_path)


def test_what_a_killed_server_had_begun_is_cleared_away(tmp_path: pathlib.Path) -> None:
    store = LocalStore(tmp_path)
    made = store.create("Dataset", "default", a_manifest("Dataset", "fruit", DATASET))
    store.close()
    (tmp_path / "resources" / made.uid).rename(tmp_path / "resources" / f".gone-{made.uid}")
    again = LocalStore(tmp_path)
    assert again.list_all("Dataset", "default") == []
    assert list((tmp_path / "resources").iterdir()) == []
    again.close()


def test_a_status_is_seen_when_it_is_written_and_one_that_is_none_counts_as_waiting(tmp_path: pathlib.Path) -> None:
    store = LocalStore(tmp_path)
    made = store.create("Model", "default", a_manifest("Model", "sorter", MODEL))
    path = tmp_path / "resources" / made.uid / "status.json"
    path.write_text('{"phase": "Training", "message": "At work."}')
    found = store.find("Model", "default", "sorter")
    assert found is not None
    assert (found.status.phase, found.status.message) == (RunPhase.TRAINING, "At work.")
    assert found.version == made.version
    path.unlink()
    path.write_text('{"phase": 7}')
    found = store.find("Model", "default", "sorter")
    assert found is not None
    assert found.status.phase is RunPhase.QUEUED
    store.close()


def test_what_was_published_goes_with_its_resource(tmp_path: pathlib.Path) -> None:
    from darkroom_api.names import artifact_folder

    store = LocalStore(tmp_path)
    made = store.create("Model", "default", a_manifest("Model", "sorter", MODEL))
    folder = tmp_path / "artifacts" / artifact_folder("Model", "sorter", made.uid)
    folder.mkdir(parents=True)
    (folder / "model.onnx").write_bytes(b"onnx")
    store.delete("Model", "default", "sorter")
    assert not folder.exists()
    store.close()


def test_a_disk_that_refuses_is_said_and_changes_nothing(tmp_path: pathlib.Path) -> None:
    store = LocalStore(tmp_path)
    made = store.create("Dataset", "default", a_manifest("Dataset", "fruit", DATASET))
    (tmp_path / "resources" / made.uid).rename(tmp_path / "elsewhere")
    with pytest.raises(Unavailable, match="cannot be written"):
        store.patch("Dataset", "default", "fruit", {"spec": {"imageRoot": "s3://vision/a"}})
    found = store.find("Dataset", "default", "fruit")
    assert found is not None
    assert found.spec == made.spec
    store.close()


def test_a_part_of_a_run_that_a_killed_server_was_writing_is_cleared_away(tmp_path: pathlib.Path) -> None:
    folder = tmp_path / "runs" / "default"
    folder.mkdir(parents=True)
    for name in (".part-abc", "kept.json"):
        (folder / name).write_bytes(b"")
    LocalStore(tmp_path).close()
    assert [path.name for path in folder.iterdir()] == ["kept.json"]
