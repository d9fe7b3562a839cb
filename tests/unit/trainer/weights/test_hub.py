"""Weights from a hub: what it is asked, and which of its answers are refused."""

import pathlib

import pytest

from darkroom_api.conditions import Reason
from darkroom_api.v1alpha1.common import Task
from darkroom_trainer.networks import backbones
from darkroom_trainer.runtime.errors import RunError
from darkroom_trainer.weights.finding import Sources, find_weights, list_available
from darkroom_trainer.weights.hub import Hub
from tests.local_storage import a_listing
from tests.unit.trainer.weights.fake_hub import FakeHub
from tests.unit.trainer.weights.places import NAME, Pack

REPOSITORY = "timm/test_resnet.r160_in1k"


def hub_sources(hub: FakeHub, tmp_path: pathlib.Path) -> Sources:
    return Sources((), Hub(hub.url, tmp_path / "hub", a_listing(hub.url), hub.context))


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
        (302, b"", {"Location": "https://169.254.169.254/"}), (Reason.INVALID_CONFIGURATION, "which no run may reach"),
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
