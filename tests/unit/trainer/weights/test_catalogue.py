"""The catalogue of networks: what it says of them, and which names are refused with which words."""

import pytest
import torch

from darkroom_api.conditions import Reason
from darkroom_api.v1alpha1.common import Task
from darkroom_trainer.networks import backbones
from darkroom_trainer.runtime.errors import RunError
from darkroom_trainer.weights.catalogue import (
    CATALOGUE,
    CatalogueEntry,
    Pretraining,
    Tier,
    check_backbone,
    find_entry,
    is_permissive,
    list_spellings,
)
from hack.tools.generate import ROOT

PAGE = (ROOT / "docs/backbones.md").read_text()
every_entry = pytest.mark.parametrize("entry", CATALOGUE, ids=lambda entry: entry.name)


@every_entry
def test_an_entry_says_what_timm_says(entry: CatalogueEntry) -> None:
    facts = backbones.read_facts(entry.name)
    assert entry.licence == facts.licence
    assert entry.native_size_px == facts.native_size_px
    assert facts.hub_repository is not None
    shapes = backbones.list_shapes(entry.name)
    assert sum(torch.Size(shape).numel() for shape in shapes.values()) / 1e6 == pytest.approx(
        entry.million_parameters, rel=0.02
    )


@every_entry
def test_the_page_lists_an_entry_as_the_catalogue_has_it(entry: CatalogueEntry) -> None:
    (row,) = (line for line in PAGE.splitlines() if line.startswith(f"| `{entry.name}` "))
    cells = [cell.strip() for cell in row.strip("|").split("|")]
    assert (cells[1], cells[4].lower()) == (entry.tier.value, entry.licence)
    assert (float(cells[5]), int(cells[6])) == (entry.million_parameters, entry.native_size_px)


def test_every_entry_may_be_used_for_everything() -> None:
    assert all(is_permissive(entry.licence) for entry in CATALOGUE)
    refused = ("vit_small_patch16_dinov3.lvd1689m", "convnextv2_nano.fcmae_ft_in22k_in1k")
    assert not any(is_permissive(backbones.read_facts(name).licence) for name in refused)
    assert not is_permissive(None)


def test_every_size_and_every_kind_of_pretraining_is_there() -> None:
    assert {entry.tier for entry in CATALOGUE} == set(Tier)
    assert {entry.pretraining for entry in CATALOGUE} == set(Pretraining)
    sizes = [entry.million_parameters for entry in CATALOGUE]
    assert sizes == sorted(sizes)


@every_entry
def test_a_detector_can_be_put_on_every_dense_entry(entry: CatalogueEntry) -> None:
    assert entry.is_dense
    check_backbone(entry.name, Task.DETECTOR)


@pytest.mark.parametrize(
    ("name", "spellings"),
    [
        ("resnet18", {"resnet18", "resnet18.a1_in1k"}),
        ("resnet18.a1_in1k", {"resnet18", "resnet18.a1_in1k"}),
        ("resnet18.a3_in1k", {"resnet18.a3_in1k"}),
    ],
)
def test_a_name_without_a_tag_means_timms_usual_weights(name: str, spellings: set[str]) -> None:
    assert set(list_spellings(name)) == spellings
    entry = find_entry(name)
    assert (entry is not None) == (len(spellings) == 2)


UNKNOWN = {
    "a slip of the finger": ("resnet81", Task.CLASSIFIER, "did you mean resnet"),
    "weights that are not timm's": ("resnet18.mine", Task.CLASSIFIER, "timm has no weights mine of resnet18"),
    "a detector for tags": (
        "dfine_nano_coco",
        Task.CLASSIFIER,
        "is a detector, which classifier cannot use",
    ),
    "a detector for products": ("dfine_nano_coco", Task.PRODUCT_RECOGNIZER, "which productRecognizer cannot use"),
    "nothing like it": ("zzzz", Task.CLASSIFIER, "timm has no network zzzz; the catalogue has test_resnet.r160_in1k"),
}


@pytest.mark.parametrize(("name", "task", "says"), UNKNOWN.values(), ids=UNKNOWN.keys())
def test_a_name_that_cannot_be_used_is_refused(name: str, task: Task, says: str) -> None:
    with pytest.raises(RunError) as caught:
        check_backbone(name, task)
    assert caught.value.reason is Reason.INVALID_CONFIGURATION
    assert caught.value.message.startswith("backbone: ")
    assert says in caught.value.message


@pytest.mark.parametrize("name", [None, "resnet18", "vit_tiny_patch16_224", "mixer_s16_224"])
def test_any_name_of_timms_will_do_and_none_too(name: str | None) -> None:
    check_backbone(name, Task.CLASSIFIER)


def test_a_detector_can_be_named_for_boxes_before_anything_is_fetched() -> None:
    check_backbone("dfine_of_our_own", Task.DETECTOR)
