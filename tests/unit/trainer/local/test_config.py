"""From manifests to what a run on this machine is told."""

import dataclasses
import pathlib

import pytest

from darkroom_api.names import artifact_folder
from darkroom_api.run_config import Command, RunConfig, Weights
from darkroom_api.v1alpha1.common import Artifacts, Task
from darkroom_storage.local_files import resolve_uri, to_path
from darkroom_trainer.local.board import find_artifacts
from darkroom_trainer.local.config import (
    Permits,
    Target,
    build_evaluate_config,
    build_inspect_config,
    build_pictures,
    build_predict_config,
    build_source,
    build_train_config,
    build_weights,
)
from tests.unit.trainer.run_builders import Document, a_dataset, a_model, a_prediction, an_evaluation, parse

UID = "5a0c"


def a_target(folder: pathlib.Path, document: Document) -> Target:
    manifest = parse(folder, document)
    return Target(manifest, UID, find_artifacts(manifest, folder / "out"), Weights())


@pytest.mark.parametrize(
    ("uri", "resolved"),
    [
        pytest.param("file:data/a.json", "file:///m/data/a.json", id="below the manifest"),
        pytest.param("file:../a.json", "file:///a.json", id="beside its folder"),
        pytest.param("file:./a%20b/", "file:///m/a%20b/", id="a prefix keeps its slash"),
        pytest.param("file:///abs/a.json", "file:///abs/a.json", id="absolute"),
        pytest.param("s3://b/a.json", "s3://b/a.json", id="a bucket"),
    ],
)
def test_relative_files_start_at_the_manifest(uri: str, resolved: str) -> None:
    assert resolve_uri(uri, pathlib.Path("/m")) == resolved


def test_a_dataset_becomes_a_source_with_ambient_credentials(tmp_path: pathlib.Path) -> None:
    document = a_dataset(
        annotationFiles=["file:t.json"],
        imageRoot="file:images",
        urlMappings=[{"from": "AmlDatastore://s/", "to": "file:images/"}],
        storage={"endpoint": "http://s3:9000", "region": "eu-west-1", "credentialsSecret": "darkroom-x"},
    )
    source = build_source(a_target(tmp_path, document), "sha256:1")
    assert source.annotation_files == (f"{tmp_path.as_uri()}/t.json",)
    assert source.image_root == f"{tmp_path.as_uri()}/images"
    assert source.url_mappings[0].to_prefix == f"{tmp_path.as_uri()}/images/"
    assert (source.storage.endpoint, source.storage.region) == ("http://s3:9000", "eu-west-1")
    assert source.storage.credentials_dir is None
    assert source.revision == "sha256:1"
    assert source.local_roots == (tmp_path.as_uri(),)


def test_files_below_the_manifest_may_be_read_by_both_names_of_its_folder(tmp_path: pathlib.Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    source = build_source(a_target(tmp_path / "link", a_dataset()), None)
    assert source.local_roots == ((tmp_path / "link").as_uri(), (tmp_path / "real").as_uri())


def test_every_config_survives_the_way_through_json(tmp_path: pathlib.Path) -> None:
    source, model = build_source(a_target(tmp_path, a_dataset()), None), parse(tmp_path, a_model())
    configs = [
        build_inspect_config(a_target(tmp_path, a_dataset())),
        build_train_config(a_target(tmp_path, a_model(seed=3, compute={"devices": 4})), source, source),
        build_evaluate_config(a_target(tmp_path, an_evaluation()), source, model, source, Artifacts(uri="file:///m")),
        build_predict_config(a_target(tmp_path, a_prediction()), source, model, source, Artifacts(uri="file:///m")),
    ]
    assert [config.command for config in configs] == list(Command)
    for config in configs:
        assert RunConfig.model_validate_json(config.model_dump_json(by_alias=True)) == config
    train = configs[1]
    assert (train.budget_seconds, train.seed, train.task, train.devices) == (60, 3, Task.CLASSIFIER, 1)


def test_a_training_looks_for_weights_in_the_folder_that_is_given(tmp_path: pathlib.Path) -> None:
    source = build_source(a_target(tmp_path, a_dataset()), None)
    target = a_target(tmp_path, a_model(backbone="resnet18"))
    weights = build_weights(tmp_path / "my nets")
    told = build_train_config(dataclasses.replace(target, weights=weights), source, None)
    assert (told.backbone, told.weights.hub) == ("resnet18", None)
    assert told.weights.location is not None
    assert to_path(told.weights.location.uri) == tmp_path / "my nets"
    assert build_train_config(target, source, None).weights == build_weights(None) == Weights()
    assert build_weights(None, embedded=False).embedded is False


def test_a_training_keeps_decoded_images_only_in_a_folder_that_is_given(tmp_path: pathlib.Path) -> None:
    source = build_source(a_target(tmp_path, a_dataset()), None)
    target = a_target(tmp_path, a_model())
    assert build_train_config(target, source, None).pictures is None
    pictures = build_pictures(tmp_path / "my pictures")
    told = build_train_config(dataclasses.replace(target, pictures=pictures), source, None).pictures
    assert told is not None
    assert to_path(told.uri) == tmp_path / "my pictures"
    assert told.storage.reach.own_machine


@pytest.mark.parametrize(
    ("document", "folder"),
    [
        pytest.param(a_model(), "{out}/artifacts/model-sorter", id="below the output folder"),
        pytest.param(a_model(output={"uri": "file:mine"}), "{folder}/mine/" + artifact_folder("model", "sorter", UID),
                     id="a folder that the spec names"),
        pytest.param(a_model(output={"uri": "s3://b/o/"}), "s3://b/o/" + artifact_folder("model", "sorter", UID),
                     id="a bucket that the spec names"),
    ],
)  # fmt: skip
def test_artifacts_go_where_the_spec_says(document: Document, folder: str, tmp_path: pathlib.Path) -> None:
    source = build_source(a_target(tmp_path, a_dataset()), None)
    config = build_train_config(a_target(tmp_path, document), source, None)
    assert config.output is not None
    assert config.output.uri == folder.format(out=(tmp_path / "out").as_uri(), folder=tmp_path.as_uri())


def test_other_namespaces_have_folders_of_their_own(tmp_path: pathlib.Path) -> None:
    document = a_dataset()
    document["metadata"]["namespace"] = "team"
    config = build_inspect_config(a_target(tmp_path, document))
    assert config.output is not None
    assert config.output.uri.endswith("/out/artifacts/team/dataset-fruit")


def test_an_output_without_storage_is_reached_like_the_dataset(tmp_path: pathlib.Path) -> None:
    source = build_source(a_target(tmp_path, a_dataset(storage={"endpoint": "http://s3:9000"})), None)
    config = build_train_config(a_target(tmp_path, a_model(output={"uri": "s3://b/o"})), source, None)
    assert config.output is not None
    assert config.output.storage == source.storage


def test_who_is_not_this_machines_user_reaches_only_what_the_permits_name(tmp_path: pathlib.Path) -> None:
    document = a_dataset(annotationFiles=["https://10.0.0.7/a.json"], storage={"credentialsSecret": "token-1"})
    permits = Permits(("https://10.0.0.8",), (tmp_path / "data",), tmp_path / "secrets")
    source = build_source(dataclasses.replace(a_target(tmp_path, document), permits=permits), None)
    assert source.storage.reach.allowed_endpoints == ("https://10.0.0.8",)
    assert source.storage.credentials_dir == str(tmp_path / "secrets" / "token-1")
    assert source.local_roots == ((tmp_path / "data").as_uri(),)


def permit(target: Target, folder: pathlib.Path) -> Target:
    return dataclasses.replace(target, permits=Permits((), (folder / "data",), folder / "secrets"))


def test_images_are_reached_by_their_own_storage(tmp_path: pathlib.Path) -> None:
    storage = {"endpoint": "http://s3:9000", "credentialsSecret": "token-1"}
    target = a_target(tmp_path, a_prediction(images={"uri": "s3://vision/new", "storage": storage}))
    model, files = parse(tmp_path, a_model()), Artifacts(uri="file:///m")
    order = build_predict_config(target, None, model, None, files).prediction
    assert order is not None
    assert order.images is not None
    assert (order.images.storage.endpoint, order.images.storage.credentials_dir) == ("http://s3:9000", None)
    limited = build_predict_config(permit(target, tmp_path), None, model, None, files).prediction
    assert limited is not None
    assert limited.images is not None
    assert limited.images.storage.credentials_dir == str(tmp_path / "secrets" / "token-1")
    assert limited.images.storage.reach.allowed_endpoints == ()
