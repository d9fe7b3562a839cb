"""Detectors, classifiers and feature extractors on every kind of network that timm has."""

import pathlib
import warnings

import onnxruntime
import pytest
import torch

from darkroom_trainer.networks import backbones
from darkroom_trainer.networks.dense_head import DenseDetector

KINDS = {
    "a small residual network": "test_resnet",
    "a mobile network": "test_efficientnet",
    "a mobile network with fewer channels at first": "mobilenetv3_small_050",
    "blocks with their own names": "test_byobnet",
    "a convolutional network that begins at stride 4": "test_convnext",
    "without normalization layers": "test_nfnet",
    "maps with their channels last": "test_mambaout",
    "convolution and attention": "test_coatnet",
    "windows and grids": "test_maxvit",
    "a transformer of one stride": "test_vit",
    "a transformer with relative places": "test_vit_relpos",
}
every_kind = pytest.mark.parametrize("name", KINDS.values(), ids=KINDS.keys())
SIZE = 96


@every_kind
def test_a_detector_answers_for_cells_of_8_pixels_and_learns_in_all_of_its_parts(name: str) -> None:
    torch.manual_seed(0)
    model = DenseDetector(name, 3, image_size_px=SIZE)
    outputs = model(torch.rand(2, 3, SIZE, SIZE))
    assert outputs.shape == (2, (SIZE // 8) ** 2, 3 + 4)
    outputs.square().mean().backward()
    used = [parameter.grad is not None for parameter in model.parameters()]
    assert sum(used) > 0.9 * len(used), "a level that is not looked at learns nothing"


@every_kind
def test_a_classifier_takes_its_own_size_and_any_other(name: str) -> None:
    sized, unsized = backbones.build_classifier(name, 3, SIZE), backbones.build_classifier(name, 3)
    with torch.no_grad():
        assert sized.eval()(torch.rand(1, 3, SIZE, SIZE)).shape == (1, 3)
        assert unsized.eval()(torch.rand(1, 3, 64, 64)).shape == (1, 3)


@every_kind
def test_an_embedder_is_frozen_and_gives_the_features_it_promises(name: str) -> None:
    model, width = backbones.build_embedder(name, image_size_px=SIZE)
    assert model(torch.rand(2, 3, SIZE, SIZE)).shape == (2, width)
    assert not model.training
    assert not any(parameter.requires_grad for parameter in model.parameters())


@pytest.mark.parametrize(
    ("name", "has_it"),
    [
        pytest.param("vit_small_patch14_dinov2", True, id="its token is not the mean of its patches"),
        pytest.param("vit_pe_core_tiny_patch16_384", True, id="nor is what attention pools"),
        pytest.param("test_resnet", False, id="a convolutional network pools by the mean"),
        pytest.param("swin_tiny_patch4_window7_224", False, id="and so do some transformers"),
    ],
)
def test_some_transformers_can_be_pooled_in_another_way(name: str, *, has_it: bool) -> None:
    assert backbones.has_other_pooling(name) is has_it


def test_the_mean_of_patches_leaves_out_the_token_for_the_whole_picture() -> None:
    model, width = backbones.build_embedder("test_vit", image_size_px=160, is_mean=True)
    images = torch.rand(2, 3, 160, 160)
    tokens = model.net.forward_features(images)  # type: ignore[union-attr, operator]
    assert tokens.shape == (2, 101, width), "one for the picture, a hundred for its patches"
    assert torch.allclose(model(images), tokens[:, 1:].mean(dim=1))


@pytest.mark.parametrize("name", ["test_resnet", "test_mambaout", "test_vit", "test_maxvit"])
def test_a_detector_and_a_classifier_can_be_exported(name: str, tmp_path: pathlib.Path) -> None:
    images, file = torch.rand(2, 3, SIZE, SIZE), tmp_path / "model.onnx"
    for model in (DenseDetector(name, 3, image_size_px=SIZE), backbones.build_classifier(name, 3, SIZE)):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            torch.onnx.export(model.eval(), (images,), file, opset_version=17, dynamo=False, input_names=["images"])
        (outputs,) = onnxruntime.InferenceSession(file).run(None, {"images": images.numpy()})
        with torch.no_grad():
            torch.testing.assert_close(torch.from_numpy(outputs), model(images), atol=1e-4, rtol=1e-4)


def test_a_patch_of_14_pixels_gives_cells_of_7_at_the_next_size_that_it_divides() -> None:
    assert backbones.fit_size("vit_small_patch14_dinov2", 96) == 98
    model = DenseDetector("vit_small_patch14_dinov2", 2, image_size_px=28)
    with torch.no_grad():
        assert model.eval()(torch.rand(1, 3, 28, 28)).shape == (1, 16, 6)


SIZES = {
    "any size": ("test_resnet", 100, None),
    "its own size": ("test_vit", None, 160),
    "a whole number of patches": ("test_vit", 100, 112),
    "no other size than its own": ("crossvit_9_240", 96, 240),
}


@pytest.mark.parametrize(("name", "asked", "made_for"), SIZES.values(), ids=SIZES.keys())
def test_a_network_is_made_for(name: str, asked: int | None, made_for: int | None) -> None:
    assert backbones.fit_size(name, asked) == made_for


LEVELS = {
    "five levels": ([2, 4, 8, 16, 32], [2, 3, 4]),
    "four levels": ([4, 8, 16, 32], [1, 2, 3]),
    "one stride": ([16, 16, 16], [0, 1, 2]),
    "strides of 7": ([7, 14, 28], [0, 1, 2]),
    "two levels of one stride": ([4, 8, 16, 16], [1, 3]),
    "coarse alone": ([32, 64], [0]),
    "fine alone": ([2, 4], [1]),
}


@pytest.mark.parametrize(("strides", "chosen"), LEVELS.values(), ids=LEVELS.keys())
def test_levels_are_chosen_by_their_strides(strides: list[int], chosen: list[int]) -> None:
    assert backbones.choose_levels(strides) == chosen


def take_numbers(name: str) -> list[int]:
    """Build a network for an unusual size, and return what the shared generator draws next."""
    torch.manual_seed(3)
    backbones.build_classifier(name, 2, 64)
    return torch.randint(0, 1000, (4,)).tolist()


def test_what_is_learned_of_a_network_beforehand_changes_no_seeded_weights() -> None:
    backbones.fit_size.cache_clear()
    first = take_numbers("test_vit")
    assert take_numbers("test_vit") == first


@every_kind
def test_weights_reach_classifiers_detectors_and_embedders_at_another_size(name: str) -> None:
    torch.manual_seed(1)
    donor, _ = backbones.build_embedder(name)
    inner = donor.net if isinstance(donor, backbones.SizedImages) else donor
    tensors = {key: torch.full_like(value, 0.5) for key, value in inner.state_dict().items()}
    total = len(backbones.list_shapes(name))
    classifier = backbones.build_classifier(name, 3, SIZE)
    assert backbones.load_backbone_weights(classifier, tensors, name, SIZE) >= 0.9 * total
    detector = DenseDetector(name, 3, tensors, SIZE)
    taken = sum(bool((value == 0.5).all()) for value in detector.backbone.state_dict().values())
    assert taken >= 0.6 * len(detector.backbone.state_dict())


def test_a_table_of_places_is_changed_to_another_size_of_image() -> None:
    donor, _ = backbones.build_embedder("test_vit", image_size_px=160)
    places = torch.linspace(0, 1, 100).reshape(1, 100, 1).expand(1, 100, 64)
    tensors = {**donor.state_dict()}
    before = tensors["pos_embed"].shape[1] - 100
    tensors["pos_embed"] = torch.cat([torch.zeros(1, before, 64), places], dim=1)
    model, _ = backbones.build_embedder("test_vit", tensors, 96)
    table = model.state_dict()["pos_embed"][0, before:, 0]
    assert len(table) == 36
    assert table[0] < 0.1
    assert table[-1] > 0.9
    assert bool((table.diff().abs() < 0.5).all())
