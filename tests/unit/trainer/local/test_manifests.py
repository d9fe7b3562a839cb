"""What is read from manifest files, what is skipped, and what is refused with which words."""

import io
import json
import pathlib
from typing import Any

import pytest
import yaml

from darkroom_trainer.local.manifests import ManifestError, read_manifests
from tests.bad_manifests import BAD_MANIFESTS, GOOD_MANIFESTS, BadManifest
from tests.unit.trainer.run_builders import a_dataset, a_model, a_resource, an_evaluation, write_manifests


def refuse(*paths: str) -> list[str]:
    with pytest.raises(ManifestError) as error:
        read_manifests(paths)
    return list(error.value.messages)


def test_files_and_folders_are_read_and_foreign_kinds_are_skipped_aloud(tmp_path: pathlib.Path) -> None:
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}}
    write_manifests(tmp_path / "all", a_dataset(), secret, "", name="a.yaml")
    write_manifests(tmp_path / "all", a_model(), name="b.yml")
    write_manifests(tmp_path / "all" / "deeper", "[not read", name="c.yaml")
    single = write_manifests(tmp_path, an_evaluation(), name="one.yaml")
    found = read_manifests([str(tmp_path / "all"), single])
    assert [manifest.key for manifest in found.resources] == [
        ("Dataset", "default", "fruit"),
        ("Model", "default", "sorter"),
        ("Evaluation", "default", "june"),
    ]
    assert found.resources[0].folder == tmp_path / "all"
    assert found.skipped == (f"{tmp_path}/all/a.yaml document 2: Secret is none of Darkroom's kinds and is skipped",)


def test_a_list_is_its_items_and_json_is_read_too(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "list.json"
    path.write_text(json.dumps({"kind": "List", "apiVersion": "v1", "items": [a_dataset(), a_model()]}))
    assert len(read_manifests([str(path)]).resources) == 2


def test_standard_input_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(yaml.safe_dump(a_dataset())))
    assert read_manifests(["-"]).resources[0].folder == pathlib.Path.cwd()


REFUSED: dict[str, tuple[Any, str]] = {
    "an unknown field": (a_model(gpus=2), 'Model "sorter" is invalid: unknown field "spec.gpus"'),
    "a Python name of a field": (a_dataset(image_root="file:x"), 'unknown field "spec.image_root"'),
    "no budget": (
        a_resource("Model", "m", {"task": "classifier", "dataset": "d"}),
        'Model "m" is invalid: spec.budget: Required value',
    ),
    "an unknown task": (a_model(task="segmenter"), 'spec.task: Unsupported value: "segmenter": supported values:'),
    "a number for text": (a_model(dataset=7), "spec.dataset: Invalid value: 7: Input should be a valid string"),
    "text for a number": (a_model(seed="7"), 'spec.seed: Invalid value: "7": Input should be a valid integer'),
    "a budget of words": (a_model(budget="an hour"), 'spec.budget: Invalid value: "an hour"'),
    "a rule between fields": (
        a_model(evaluationDataset="fruit"),
        'Model "sorter" is invalid: spec: evaluationDataset: must differ from dataset',
    ),
    "an entry of a list": (
        a_dataset(annotationFiles=["s3://b/a.json", "ftp://b"]),
        'spec.annotationFiles[1]: Invalid value: "ftp://b"',
    ),
    "no spec": (
        {**a_model(), "spec": None},
        'Model "sorter" is invalid: spec: Required value',
    ),
    "no name": (a_resource("Model", "x", a_model()["spec"]) | {"metadata": {}}, "metadata.name: Required value"),
    "a name in capitals": (
        a_model("Sorter"),
        'metadata.name: Invalid value: "Sorter": must be lower case letters',
    ),
    "metadata that is text": ({**a_model(), "metadata": "sorter"}, 'metadata: Invalid value: "sorter": must be an'),
    "a key beside spec": ({**a_model(), "specs": {}}, 'unknown field "specs"'),
    "no kind": ({"apiVersion": "v1"}, "all.yaml: kind: Required value"),
    "an unknown kind of ours": (
        {**a_model(), "kind": "Modell"},
        'no matches for kind "Modell" in version "darkroom.dev/v1alpha1"',
    ),
    "another version of ours": (
        {**a_model(), "apiVersion": "darkroom.dev/v1"},
        'no matches for kind "Model" in version "darkroom.dev/v1"',
    ),
    "a document that is text": ("just words", "must be an object with apiVersion, kind, metadata and spec"),
    "broken YAML": ("a: [1", "all.yaml: is not YAML: while parsing a flow sequence"),
    "nothing of ours": ({"apiVersion": "v1", "kind": "Secret"}, "no Dataset, Model, Evaluation or Prediction"),
}


@pytest.mark.parametrize(("document", "says"), REFUSED.values(), ids=REFUSED.keys())
def test_refusals_name_file_and_field(document: Any, says: str, tmp_path: pathlib.Path) -> None:
    messages = refuse(write_manifests(tmp_path, document))
    assert len(messages) == 1
    assert says in messages[0]
    assert "all.yaml" in messages[0]


def test_every_refusal_is_told_with_its_document(tmp_path: pathlib.Path) -> None:
    path = write_manifests(tmp_path, a_dataset(), a_model(task="x", extra=1), an_evaluation(model=1))
    messages = refuse(path)
    assert len(messages) == 3
    assert messages[0].startswith(f'{path} document 2: Model "sorter" is invalid: spec.task')
    assert messages[2].startswith(f'{path} document 3: Evaluation "june" is invalid: spec.model')


def test_a_name_may_be_defined_once(tmp_path: pathlib.Path) -> None:
    messages = refuse(write_manifests(tmp_path, a_dataset(), a_dataset()))
    assert messages == [
        f'{tmp_path}/all.yaml document 2: Dataset "fruit" is defined already in '
        f'{tmp_path}/all.yaml document 1: Dataset "fruit"'
    ]


@pytest.mark.parametrize(
    ("name", "says"), [("none.yaml", "cannot be read: No such file"), ("empty", "the folder holds no .yaml")]
)
def test_paths_without_manifests_are_named(name: str, says: str, tmp_path: pathlib.Path) -> None:
    (tmp_path / "empty").mkdir()
    assert any(says in message and name in message for message in refuse(str(tmp_path / name)))


@pytest.mark.parametrize("case", BAD_MANIFESTS, ids=lambda case: case.id)
def test_what_an_api_server_refuses_is_refused_here(case: BadManifest, tmp_path: pathlib.Path) -> None:
    assert any(case.field in message for message in refuse(write_manifests(tmp_path, case.manifest)))


@pytest.mark.parametrize("manifest", GOOD_MANIFESTS, ids=lambda manifest: f"{manifest['kind']} {manifest['spec']}")
def test_what_an_api_server_takes_is_taken_here(manifest: dict[str, Any], tmp_path: pathlib.Path) -> None:
    assert read_manifests([write_manifests(tmp_path, manifest)]).resources[0].raw_spec == manifest["spec"]
