"""`darkroom` from its arguments to exit codes, files and last words, on real datasets."""

import json
import pathlib
import subprocess
import sys

import pytest

from darkroom_trainer import command
from tests.unit.trainer.run_builders import (
    a_dataset,
    a_model,
    an_evaluation,
    read_items,
    write_images,
    write_manifests,
)


def run(*arguments: str) -> int:
    return command.main(["run", *arguments])


def test_a_good_dataset_becomes_ready(tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_images(tmp_path)
    path = write_manifests(tmp_path, a_dataset())
    assert run("-f", path, "--output", str(tmp_path / "out")) == 0
    item = read_items(tmp_path / "out")["Dataset/fruit"]
    assert list(item) == ["apiVersion", "kind", "metadata", "spec", "status"]
    assert {"name", "namespace", "uid", "creationTimestamp", "generation"} == set(item["metadata"])
    assert item["spec"] == a_dataset()["spec"]
    assert item["status"]["phase"] == "Ready"
    assert item["status"]["summary"]["images"] == 4
    assert [entry["type"] for entry in item["status"]["conditions"]] == ["Accepted", "Ready", "Stalled"]
    report = tmp_path / "out" / "artifacts" / "dataset-fruit" / "inspection.json"
    assert json.loads(report.read_text())["problemCount"] == 0
    out, err = capsys.readouterr()
    assert "dataset/fruit  Inspecting  Inspecting: " in err
    assert "dataset/fruit  Ready  Ready: 4 images, 4 annotations, 2 tags" in err
    assert "dataset.darkroom.dev/fruit   Ready" in out


def test_what_cannot_start_says_why_and_the_exit_code_tells(
    tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_images(tmp_path)
    path = write_manifests(
        tmp_path,
        an_evaluation(),
        a_model(dataset="absent"),
        a_model("boxes", task="detector"),
        a_model("later", suspend=True),
        a_model("never", cancel=True),
        an_evaluation("of-never", model="never"),
        an_evaluation("of-nothing", model="nothing"),
        a_dataset(),
    )
    assert run("-f", path, "--output", str(tmp_path / "out")) == 1
    statuses = {name: item["status"] for name, item in read_items(tmp_path / "out").items()}
    assert {name: (status["phase"], status["reason"]) for name, status in statuses.items()} == {
        "Dataset/fruit": ("Ready", "Ready"),
        "Model/sorter": ("Queued", "WaitingForDataset"),
        "Model/boxes": ("Failed", "IncorrectModelKind"),
        "Model/later": ("Queued", "Suspended"),
        "Model/never": ("Cancelled", "Cancelled"),
        "Evaluation/june": ("Queued", "WaitingForModel"),
        "Evaluation/of-never": ("Failed", "Cancelled"),
        "Evaluation/of-nothing": ("Queued", "WaitingForModel"),
    }
    assert "Dataset `absent` is in none of the manifests" in statuses["Model/sorter"]["message"]
    out = capsys.readouterr().out
    assert "model/sorter: Queued, WaitingForDataset: dataset: Dataset `absent`" in out


def test_a_corrupt_dataset_fails_its_models(tmp_path: pathlib.Path) -> None:
    write_images(tmp_path, broken=True)
    path = write_manifests(tmp_path, a_dataset(), a_model())
    assert run("-f", path, "--output", str(tmp_path / "out")) == 1
    items = read_items(tmp_path / "out")
    assert items["Dataset/fruit"]["status"]["phase"] == "Invalid"
    assert items["Dataset/fruit"]["status"]["summary"]["problemCount"] == 4
    model = items["Model/sorter"]["status"]
    assert (model["phase"], model["reason"]) == ("Failed", "DatasetCorrupt")
    assert "train.json annotation 0 (image 0): category_id 9 is not in categories" in model["message"]
    assert model["budget"]["chargedSeconds"] == 0


def test_an_earlier_run_is_kept(tmp_path: pathlib.Path) -> None:
    write_images(tmp_path)
    path = write_manifests(tmp_path, a_dataset())
    for _ in range(3):
        assert run("-f", path, "--output", str(tmp_path / "out")) == 0
    kept = sorted((tmp_path / "out" / "earlier").iterdir())
    assert len(kept) == 2
    assert all((folder / "artifacts" / "dataset-fruit" / "inspection.json").exists() for folder in kept)


def test_bad_manifests_run_nothing(tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write_manifests(tmp_path, a_dataset(), a_model(budget="soon"))
    assert run("-f", path, "--output", str(tmp_path / "out")) == 64
    assert not (tmp_path / "out").exists()
    assert f'darkroom: {path} document 2: Model "sorter" is invalid: spec.budget' in capsys.readouterr().err


def test_an_output_that_cannot_be_written_is_named(tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("")
    assert run("-f", write_manifests(tmp_path, a_dataset()), "--output", str(tmp_path / "file" / "out")) == 1
    assert str(tmp_path / "file" / "out") in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        pytest.param([], "COMMAND", id="no command"),
        pytest.param(["train"], "invalid choice: 'train'", id="an unknown command"),
        pytest.param(["run", "--output", "x"], "-f/--filename", id="no manifests"),
        pytest.param(["run", "-f", "x"], "--output", id="no output"),
        pytest.param(
            ["run", "-f", "x", "--output", "y", "--weights", "none"],
            "'none' is not a folder",
            id="no folder of weights",
        ),
        pytest.param(
            ["run", "-f", "x", "--output", "y", "--volume", "photos"], "is not CLAIM=FOLDER", id="a lone claim"
        ),
        pytest.param(
            ["run", "-f", "x", "--output", "y", "--volume", "photos=none"],
            "'none' is not a folder",
            id="no folder of a claim",
        ),
        pytest.param(["samples", "cats", "--to", "x"], "invalid choice: 'cats'", id="an unknown sample"),
        pytest.param(["samples", "digits", "--to", "x", "--shots", "0"], "0 is less than 1", id="no shots"),
        pytest.param(["samples", "digits", "--to", "x", "--shots", "few"], "'few' is not a whole number", id="words"),
        pytest.param(["predict", "model"], "IMAGE", id="no images"),
    ],
)
def test_wrong_arguments_are_named(arguments: list[str], says: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        command.main(arguments)
    assert end.value.code == 2
    assert says in capsys.readouterr().err


def test_the_version_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        command.main(["--version"])
    assert end.value.code == 0
    assert capsys.readouterr().out.startswith("darkroom 0.")


def test_samples_end_with_the_next_step(tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["samples", "digits", "--shots", "1", "--to", str(tmp_path / "digits")]) == 0
    out = capsys.readouterr().out
    assert f"wrote 369 files to {tmp_path}/digits: images/, train.json, eval.json" in out
    assert f'annotationFiles: ["file://{tmp_path}/digits/train.json"]' in out


def test_too_many_shots_are_a_usage_error(tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["samples", "digits", "--shots", "999", "--to", str(tmp_path)]) == 2
    assert "the rarest digit has only" in capsys.readouterr().err


def test_commands_start_without_torch() -> None:
    code = (
        "import sys, darkroom_trainer.command, darkroom_trainer.commands.inspection, darkroom_trainer.local.run; "
        "print([name for name in ('torch', 'timm', 'sklearn') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
