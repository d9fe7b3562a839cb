"""Where weights are found and in which order, and which files are refused with which words."""

import hashlib
import logging
import pathlib

import pytest
import torch

from darkroom_api.conditions import Reason
from darkroom_api.run_config import Location, Weights
from darkroom_api.v1alpha1.common import Task
from darkroom_trainer.errors import RunError
from darkroom_trainer.storage.local_files import to_uri
from darkroom_trainer.storage.objects import Storage
from darkroom_trainer.tasks import backbones
from darkroom_trainer.tasks.classifier import Classifier
from darkroom_trainer.weights.files import load_tensors
from darkroom_trainer.weights.finding import (
    Sources,
    explain_missing,
    find_weights,
    list_available,
    open_sources,
)
from darkroom_trainer.weights.hub import Hub
from tests.unit.weights.conftest import FakeHub, Pack

NAME = "test_resnet"
REPOSITORY = "timm/test_resnet.r160_in1k"


def sum_of(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def put(folder: pathlib.Path, files: dict[str, bytes]) -> None:
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


@pytest.fixture
def mounted(tmp_path: pathlib.Path) -> pathlib.Path:
    return tmp_path / "mounted"


def sources_of(mounted: pathlib.Path, tmp_path: pathlib.Path, location: Location | None = None) -> Sources:
    return open_sources(Weights(location=location), tmp_path / "work", mounted)


PLACES = {
    "by its name": f"{NAME}.safetensors",
    "by its name with timm's usual tag": f"{NAME}.r160_in1k.safetensors",
    "in a folder of its own": f"{NAME}/model.safetensors",
    "in a folder with the tag": f"{NAME}.r160_in1k/model.safetensors",
}


@pytest.mark.parametrize("file", PLACES.values(), ids=PLACES.keys())
@pytest.mark.parametrize("asked", [NAME, f"{NAME}.r160_in1k"])
def test_weights_are_found(file: str, asked: str, mounted: pathlib.Path, tmp_path: pathlib.Path, pack: Pack) -> None:
    put(mounted, {file: pack(NAME)})
    found = find_weights(asked, sources_of(mounted, tmp_path))
    assert found is not None
    assert (found.path, found.source) == (mounted / file, str(mounted / file))
    assert (found.sha256, found.is_verified, found.licence) == (sum_of(pack(NAME)), False, "apache-2.0")
    assert found.matched_tensors == found.total_tensors > 20
    assert "path" not in found.to_json()


def test_what_is_found_is_what_a_model_starts_from(mounted: pathlib.Path, tmp_path: pathlib.Path, pack: Pack) -> None:
    put(mounted, {f"{NAME}.safetensors": pack(NAME)})
    found = find_weights(NAME, sources_of(mounted, tmp_path))
    assert found is not None
    tensors = load_tensors(found)
    model = Classifier(("a", "b")).build_model(NAME, tensors, 64)
    own = model.state_dict()
    assert all(torch.equal(own[name], tensor) for name, tensor in tensors.items())


SUMS = {
    "a sum beside the file": (f"{NAME}.safetensors", f"{NAME}.safetensors.sha256", "{sum}"),
    "a sum with the file's name": (f"{NAME}.safetensors", f"{NAME}.safetensors.sha256", "{sum}  model.safetensors\n"),
    "a list of sums": (f"{NAME}.safetensors", "SHA256SUMS", "{other}  b.safetensors\n{sum}  {file}\n"),
    "a list of sums of binary files": (f"{NAME}.safetensors", "SHA256SUMS", "{sum} *{file}\n"),
    "a list for all folders": (f"{NAME}/model.safetensors", "SHA256SUMS", "{sum}  {file}\n"),
    "a list in the folder": (f"{NAME}/model.safetensors", f"{NAME}/SHA256SUMS", "{sum}  model.safetensors\n"),
}


@pytest.mark.parametrize(("file", "sum_file", "text"), SUMS.values(), ids=SUMS.keys())
def test_a_sum_is_compared(
    file: str, sum_file: str, text: str, mounted: pathlib.Path, tmp_path: pathlib.Path, pack: Pack
) -> None:
    right, wrong = sum_of(pack(NAME)), sum_of(b"something else")
    put(mounted, {file: pack(NAME), sum_file: text.format(sum=right, other=wrong, file=file).encode()})
    found = find_weights(NAME, sources_of(mounted, tmp_path))
    assert found is not None
    assert found.is_verified
    put(mounted, {sum_file: text.format(sum=wrong, other=right, file=file).encode()})
    with pytest.raises(RunError) as caught:
        find_weights(NAME, sources_of(mounted, tmp_path))
    assert caught.value.reason is Reason.INVALID_CONFIGURATION
    assert f"SHA-256 {right}, but {sum_file} beside it says {wrong}" in caught.value.message


def test_a_list_of_other_files_sums_compares_nothing(
    mounted: pathlib.Path, tmp_path: pathlib.Path, pack: Pack, caplog: pytest.LogCaptureFixture
) -> None:
    put(mounted, {f"{NAME}.safetensors": pack(NAME), "SHA256SUMS": f"{'0' * 64}  b.safetensors".encode()})
    found = find_weights(NAME, sources_of(mounted, tmp_path))
    assert found is not None
    assert not found.is_verified
    assert f"came without a SHA-256 to compare; it has {found.sha256}" in caplog.text


REFUSED = {
    "another network's": ("test_convnext", None, "is not of test_resnet: 0 of its"),
    "a form that is not safetensors": (None, b"\x80\x04not tensors", "is not a safetensors file"),
    "nothing": (None, b"", "is not a safetensors file"),
}


@pytest.mark.parametrize(("packed", "data", "says"), REFUSED.values(), ids=REFUSED.keys())
def test_a_wrong_file_is_refused(
    packed: str | None, data: bytes | None, says: str, mounted: pathlib.Path, tmp_path: pathlib.Path, pack: Pack
) -> None:
    put(mounted, {f"{NAME}.safetensors": data if packed is None else pack(packed)})  # type: ignore[dict-item]
    with pytest.raises(RunError, match=says) as caught:
        find_weights(NAME, sources_of(mounted, tmp_path))
    assert caught.value.reason is Reason.INVALID_CONFIGURATION


def test_a_sum_that_is_none_is_refused(mounted: pathlib.Path, tmp_path: pathlib.Path, pack: Pack) -> None:
    put(mounted, {f"{NAME}.safetensors": pack(NAME), f"{NAME}.safetensors.sha256": b"todo"})
    with pytest.raises(RunError, match=r"test_resnet\.safetensors\.sha256 holds no SHA-256"):
        find_weights(NAME, sources_of(mounted, tmp_path))


@pytest.mark.parametrize("file", [f"{NAME}.pth", f"{NAME}/pytorch_model.bin"])
def test_a_file_that_may_hold_code_is_named_and_left_alone(
    file: str, mounted: pathlib.Path, tmp_path: pathlib.Path, caplog: pytest.LogCaptureFixture
) -> None:
    put(mounted, {file: b"code"})
    assert find_weights(NAME, sources_of(mounted, tmp_path)) is None
    assert f"{file} in {mounted} is not read, since it may hold code" in caplog.text


def test_weights_that_not_everybody_may_use_are_warned_of(
    mounted: pathlib.Path, tmp_path: pathlib.Path, pack: Pack, caplog: pytest.LogCaptureFixture
) -> None:
    name = "convnextv2_atto.fcmae"
    put(mounted, {f"{name}.safetensors": pack(name)})
    found = find_weights(name, sources_of(mounted, tmp_path))
    assert found is not None
    assert found.licence == "cc-by-nc-4.0"
    assert "under cc-by-nc-4.0, which may not allow your use" in caplog.text


def test_without_sources_a_network_starts_from_random_weights(mounted: pathlib.Path, tmp_path: pathlib.Path) -> None:
    sources = open_sources(
        Weights(location=Location(uri=to_uri(tmp_path / "b")), hub="https://hub.test"), tmp_path, mounted
    )
    said = f"no weights for resnet18 in {mounted} or {tmp_path / 'b'} or https://hub.test"
    assert explain_missing("resnet18", sources) == f"{said}, so it starts from random weights"
    assert list_available(sources_of(mounted, tmp_path), Task.CLASSIFIER) == []


def test_the_mounted_folder_comes_before_the_bucket(
    mounted: pathlib.Path, tmp_path: pathlib.Path, pack: Pack, bucket: tuple[Location, Storage]
) -> None:
    location, storage = bucket
    files = {f"{NAME}.safetensors": pack(NAME), "test_vit/model.safetensors": pack("test_vit")}
    for file, data in files.items():
        storage.write_bytes(f"{location.uri}/{file}", data)
    storage.write_bytes(f"{location.uri}/SHA256SUMS", f"{sum_of(pack(NAME))}  {NAME}.safetensors".encode())
    sources = sources_of(mounted, tmp_path, location)
    found = find_weights(NAME, sources)
    assert found is not None
    assert (found.source, found.is_verified) == (f"{location.uri}/{NAME}.safetensors", True)
    assert found.path.read_bytes() == pack(NAME)
    assert list_available(sources, Task.DETECTOR) == ["test_resnet.r160_in1k"]
    assert find_weights("test_vit", sources) is not None
    put(mounted, {f"{NAME}.safetensors": pack(NAME)})
    nearer = find_weights(NAME, sources)
    assert nearer is not None
    assert nearer.source == str(mounted / f"{NAME}.safetensors")


def test_a_bucket_that_is_not_there_ends_the_run(
    mounted: pathlib.Path, tmp_path: pathlib.Path, bucket: tuple[Location, Storage]
) -> None:
    location = bucket[0].model_copy(update={"uri": "s3://no-such-bucket/backbones"})
    with pytest.raises(RunError, match=r"weights: s3://no-such-bucket/.*this is trainer\.weights\.uri") as caught:
        find_weights(NAME, sources_of(mounted, tmp_path, location))
    assert caught.value.reason is Reason.STORAGE_UNAVAILABLE


def test_a_folder_by_its_file_address_is_read_in_place(tmp_path: pathlib.Path, pack: Pack) -> None:
    put(tmp_path / "mine", {f"{NAME}.safetensors": pack(NAME)})
    found = find_weights(NAME, sources_of(tmp_path / "none", tmp_path, Location(uri=to_uri(tmp_path / "mine"))))
    assert found is not None
    assert found.path == tmp_path / "mine" / f"{NAME}.safetensors"


def hub_sources(hub: FakeHub, tmp_path: pathlib.Path) -> Sources:
    return Sources((), Hub(hub.url, tmp_path / "hub", hub.context))


def test_a_hub_is_asked_once_for_one_file_and_its_sum_compared(
    hub: FakeHub, tmp_path: pathlib.Path, pack: Pack
) -> None:
    hub.offer(REPOSITORY, pack(NAME))
    sources = hub_sources(hub, tmp_path)
    found = [find_weights(NAME, sources) for _ in range(2)]
    assert found[0] is not None
    assert found[0] == found[1]
    assert found[0].is_verified
    assert found[0].source == f"{hub.url}/{REPOSITORY}/resolve/main/model.safetensors"
    assert hub.asked == [f"/{REPOSITORY}/resolve/main/model.safetensors", "/objects/1?signature=a"]


def test_the_search_is_offered_only_what_is_small_on_a_hub(hub: FakeHub, tmp_path: pathlib.Path) -> None:
    offered = list_available(hub_sources(hub, tmp_path), Task.CLASSIFIER)
    assert "vit_small_patch14_dinov2.lvd142m" in offered
    assert "convnext_large.fb_in22k" not in offered
    assert hub.asked == []


FIRST = f"/{REPOSITORY}/resolve/main/model.safetensors"
ANSWERS = {
    "a repository that it does not have": ((404, b"", {}), None),
    "a repository that wants a key": ((401, b"", {}), None),
    "a redirect to a service of the cluster": (
        (302, b"", {"Location": "https://169.254.169.254/"}), (Reason.INVALID_CONFIGURATION, "not a public address"),
    ),
    "a redirect without encryption": (
        (302, b"", {"Location": "http://example.org/"}), (Reason.INVALID_CONFIGURATION, "only https is used"),
    ),
    "redirects without end": (
        (302, b"", {"Location": FIRST}), (Reason.INVALID_CONFIGURATION, "redirect number 4"),
    ),
    "a page in place of weights": ((200, b"<html>", {}), (Reason.INVALID_CONFIGURATION, "is not a safetensors file")),
    "a file that is not what the hub says": (
        (200, b"damaged", {"X-Linked-Etag": f'"{"0" * 64}"'}), (Reason.INVALID_CONFIGURATION, "the hub says 0000"),
    ),
    "half of a file": (
        (200, b"half", {"Content-Length": "400"}), (Reason.STORAGE_UNAVAILABLE, "only 4 of 400 bytes came"),
    ),
    "trouble": ((503, b"", {}), (Reason.STORAGE_UNAVAILABLE, "503")),
}  # fmt: skip


@pytest.mark.parametrize(("answer", "end"), ANSWERS.values(), ids=ANSWERS.keys())
def test_a_hub_that_answers_with(
    answer: tuple[int, bytes, dict[str, str]],
    end: tuple[Reason, str] | None,
    hub: FakeHub,
    tmp_path: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("darkroom_trainer.weights.hub.retry_storage", lambda action: action())
    hub.answers[FIRST] = answer
    sources = hub_sources(hub, tmp_path)
    if end is None:
        assert find_weights(NAME, sources) is None
        return
    with pytest.raises(RunError, match=end[1]) as caught:
        find_weights(NAME, sources)
    assert caught.value.reason is end[0]


def test_a_network_that_no_hub_has_is_not_asked_for(hub: FakeHub, tmp_path: pathlib.Path) -> None:
    assert backbones.read_facts("test_mambaout").hub_repository is None
    assert find_weights("test_mambaout", hub_sources(hub, tmp_path)) is None
    assert hub.asked == []


@pytest.fixture(autouse=True)
def _warnings_are_caught(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
