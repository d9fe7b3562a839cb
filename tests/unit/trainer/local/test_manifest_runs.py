"""What is said before anything runs: of files that hold no manifests, and of a folder that takes none."""

import pathlib

import pytest

from darkroom_storage.errors import StorageError
from darkroom_trainer.local.manifest_runs import run_files

DATASET = """\
apiVersion: darkroom.dev/v1alpha1
kind: Dataset
metadata: {name: fruit}
spec: {annotationKind: imageClassification, annotationFiles: [file:///nowhere/train.json]}
"""


def test_a_file_that_does_not_exist_ends_in_words(tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = run_files([str(tmp_path / "none.yaml")], tmp_path / "out", None, {}, embedded_weights=False)
    assert code != 0
    assert "none.yaml" in capsys.readouterr().err
    assert not (tmp_path / "out").exists(), "nothing is written for manifests that cannot be read"


ON_VOLUMES = """\
apiVersion: darkroom.dev/v1alpha1
kind: Dataset
metadata: {name: fruit}
spec: {annotationKind: imageClassification, annotationFiles: [volume:train.json], storage: {volumeClaim: photos}}
---
apiVersion: darkroom.dev/v1alpha1
kind: Prediction
metadata: {name: new}
spec: {model: fruit, images: {uri: volume:new, storage: {volumeClaim: inbox}}}
"""


def test_a_claim_for_which_no_folder_stands_is_named_before_anything_runs(
    tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> None:
    manifest = tmp_path / "fruit.yaml"
    manifest.write_text(ON_VOLUMES)
    code = run_files([str(manifest)], tmp_path / "out", None, {"other": tmp_path}, embedded_weights=False)
    said = capsys.readouterr().err
    assert code == 64
    assert "Dataset \"fruit\": spec.storage.volumeClaim: no folder stands for PersistentVolumeClaim 'photos'" in said
    assert 'Prediction "new": spec.images.storage.volumeClaim: no folder stands' in said
    assert "add --volume inbox=FOLDER" in said
    assert not (tmp_path / "out").exists()


def test_an_output_that_is_a_file_is_named(tmp_path: pathlib.Path) -> None:
    manifest, output = tmp_path / "fruit.yaml", tmp_path / "out"
    manifest.write_text(DATASET)
    output.write_text("in the way")
    with pytest.raises(StorageError, match=rf"{output}/resources.yaml was refused: File exists"):
        run_files([str(manifest)], output, None, {}, embedded_weights=False)
    assert output.read_text() == "in the way"
