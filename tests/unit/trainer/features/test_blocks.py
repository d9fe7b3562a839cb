"""Blocks of features: what they do not depend on, and that they export."""

import pathlib

import numpy as np
import onnxruntime
import pytest
import torch
from torch import nn

from darkroom_trainer.features.blocks import BLOCKS, Extractor, build_area_matrix, build_tent_matrix
from darkroom_trainer.heads.store import FeatureStore
from tests.unit.trainer.head_examples import build_examples

PLAIN = {"size_px": 20, "mean": [0.0, 0.0, 0.0], "deviation": [1.0, 1.0, 1.0]}


def extract(name: str, images: torch.Tensor, look: dict[str, object] | None = None) -> torch.Tensor:
    found: torch.Tensor = Extractor([name], look or {**PLAIN, "size_px": images.shape[-1]}, {})(images)[0]
    return found


@pytest.mark.parametrize("size", [1, 3, 8, 16, 20, 33])
@pytest.mark.parametrize("build", [build_area_matrix, build_tent_matrix])
def test_pooling_keeps_the_brightness_of_an_even_image_of_any_size(build: object, size: int) -> None:
    assert callable(build)
    torch.testing.assert_close(build(8, size) @ torch.ones(size), torch.ones(8))


def test_pooled_pixels_are_means_over_cells() -> None:
    images = torch.rand(2, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    expected = nn.functional.avg_pool2d(images.mean(dim=1, keepdim=True), 4).flatten(1)
    torch.testing.assert_close(extract("grey8", images), expected)


@pytest.mark.parametrize("name", BLOCKS)
def test_features_take_the_memory_layout_of_networks(name: str) -> None:
    block = BLOCKS[name](32).to(memory_format=torch.channels_last)
    assert torch.isfinite(block(torch.rand(2, 3, 32, 32))).all()


@pytest.mark.parametrize("name", BLOCKS)
@pytest.mark.parametrize("size", [1, 7, 20, 70])
def test_every_block_gives_finite_features_of_any_image(name: str, size: int) -> None:
    noise = torch.rand(1, 3, size, size, generator=torch.Generator().manual_seed(0))
    for images in (noise, torch.zeros_like(noise), torch.ones_like(noise)):
        assert torch.isfinite(extract(name, images)).all()


@pytest.mark.parametrize("name", BLOCKS)
def test_features_do_not_depend_on_how_images_were_normalized(name: str) -> None:
    images = torch.rand(2, 3, 20, 20, generator=torch.Generator().manual_seed(1))
    look = {"size_px": 20, "mean": [0.5, 0.4, 0.3], "deviation": [0.2, 0.3, 0.1]}
    mean, deviation = (torch.tensor(look[key])[:, None, None] for key in ("mean", "deviation"))
    found = extract(name, (images - mean) / deviation, look)
    torch.testing.assert_close(found, extract(name, images), rtol=1e-3, atol=1e-3)


def test_gradients_do_not_depend_on_brightness_and_edges_not_on_which_side_is_dark() -> None:
    images = build_examples(np.arange(3), 3, noise=0.05).images.permute(0, 3, 1, 2).float() / 255
    torch.testing.assert_close(
        extract("gradients7", images * 0.5 + 0.4), extract("gradients7", images), atol=0.1, rtol=0.1
    )
    torch.testing.assert_close(extract("edges7", 1 - images), extract("edges7", images), atol=1e-4, rtol=1e-4)
    assert float((extract("gradients7", 1 - images) - extract("gradients7", images)).abs().max()) > 0.3


def test_a_network_answers_to_images_as_they_were_before_they_were_normalized() -> None:
    network = nn.Sequential(nn.Flatten(), nn.Linear(3 * 20 * 20, 5))
    images = torch.rand(2, 3, 20, 20)
    look = {"size_px": 20, "mean": [0.5, 0.5, 0.5], "deviation": [0.25, 0.25, 0.25]}
    found = Extractor(["backbone:own"], look, {"own": network})((images - 0.5) / 0.25)[0]
    torch.testing.assert_close(found, network(images))


def test_features_are_the_same_in_parts_and_as_a_whole() -> None:
    examples = build_examples(np.arange(300) % 3, 3)
    whole = FeatureStore(examples, np.arange(300)).get_features(("gradients7", "textures"), 0)
    some = FeatureStore(examples, np.array([5, 270])).get_features(("gradients7", "textures"), 0)
    torch.testing.assert_close(whole[[5, 270]], some, atol=1e-5, rtol=1e-5)


def test_every_block_exports_to_onnx_and_agrees(tmp_path: pathlib.Path) -> None:
    extractor = Extractor(list(BLOCKS), PLAIN, {}).eval()
    images = torch.rand(3, 3, 20, 20, generator=torch.Generator().manual_seed(2))
    path, names = tmp_path / "features.onnx", list(BLOCKS)
    torch.onnx.export(
        extractor,
        (images[:1],),
        str(path),
        dynamo=False,
        opset_version=17,
        input_names=["images"],
        output_names=names,
        dynamic_axes={"images": {0: "batch"}, **{name: {0: "batch"} for name in names}},
    )
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    answers = session.run(names, {"images": images.numpy()})
    for name, expected, answer in zip(names, extractor(images), answers, strict=True):
        np.testing.assert_allclose(answer, expected.numpy(), atol=1e-4, rtol=1e-4, err_msg=name)
