"""Published files that prove themselves."""

import pathlib

import pytest

from darkroom_api import conditions
from darkroom_predict import listing
from darkroom_trainer.export import artifacts
from darkroom_trainer.runtime import errors
from tests.local_storage import a_local_place


def published(tmp_path: pathlib.Path) -> pathlib.Path:
    local, bucket = tmp_path / "local", tmp_path / "bucket"
    local.mkdir()
    (local / "a.txt").write_text("one")
    (local / "b.txt").write_text("two")
    found = artifacts.publish_files(local, ["a.txt", "b.txt"], a_local_place(bucket))
    assert found is not None
    assert listing.check_files(bucket, ["a.txt"]).digest == found.digest
    return bucket


def test_published_files_are_fetched_again(tmp_path: pathlib.Path) -> None:
    bucket = published(tmp_path)
    artifacts.fetch_model(a_local_place(bucket), tmp_path / "again", ["a.txt", "b.txt"])
    assert (tmp_path / "again" / "b.txt").read_text() == "two"


@pytest.mark.parametrize("names", [["model.json", "model.onnx"], ["model.json"]], ids=["ONNX", "none"])
def test_an_onnx_file_is_also_where_other_servers_look_for_it_and_the_list_names_it_once(
    tmp_path: pathlib.Path, names: list[str]
) -> None:
    for name in names:
        (tmp_path / name).write_text(f"content of {name}")
    artifacts.publish_files(tmp_path, names, a_local_place(tmp_path / "bucket"), served_as="shelf.v2")
    served = list((tmp_path / "bucket" / "serving").rglob("*.*x"))
    expected = [tmp_path / "bucket/serving/shelf.v2/1/model.onnx"] if "model.onnx" in names else []
    assert served == expected
    assert all(file.read_text() == "content of model.onnx" for file in served)
    assert set(listing.check_files(tmp_path / "bucket", names).files) == set(names)


def test_an_attempt_without_an_onnx_file_leaves_none_of_an_earlier_one_for_other_servers(
    tmp_path: pathlib.Path,
) -> None:
    for name in ("model.json", "model.onnx"):
        (tmp_path / name).write_text(f"content of {name}")
    bucket, served = a_local_place(tmp_path / "bucket"), tmp_path / "bucket/serving/shelf/1/model.onnx"
    artifacts.publish_files(tmp_path, ["model.json", "model.onnx"], bucket, served_as="shelf")
    assert served.exists()
    artifacts.publish_files(tmp_path, ["model.json"], bucket, served_as="shelf")
    assert not served.exists()


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        pytest.param("a.txt", "changed", "a.txt is not the file", id="a changed file"),
        pytest.param("artifacts.json", "{", "holds no usable model", id="a broken list"),
        pytest.param("artifacts.json", '{"files": {}}', "no entry 'a.txt'", id="a file that is not listed"),
        pytest.param("artifacts.json", None, "no finished model", id="no list: the training did not finish"),
    ],
)
def test_a_folder_that_is_no_finished_model_is_refused(
    tmp_path: pathlib.Path, name: str, text: str | None, said: str
) -> None:
    bucket = published(tmp_path)
    if text is None:
        (bucket / name).unlink()
    else:
        (bucket / name).write_text(text)
    with pytest.raises(errors.RunError, match=said) as refused:
        artifacts.fetch_model(a_local_place(bucket), tmp_path / "again", ["a.txt"])
    assert refused.value.reason is conditions.Reason.INVALID_CONFIGURATION
