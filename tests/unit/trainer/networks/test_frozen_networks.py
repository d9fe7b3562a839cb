"""Networks as fixed features: each sees pictures in its own size and colours."""

import pathlib
import warnings

import numpy as np
import onnxruntime
import pytest
import torch
from PIL import Image

from darkroom_predict.resizing import decode_file
from darkroom_trainer.features.normalization import to_float
from darkroom_trainer.networks import frozen_networks
from darkroom_trainer.networks.frozen_networks import NetworkLook

LOOK = NetworkLook(16, (0.2, 0.4, 0.6), (0.1, 0.2, 0.3))


class Recorder(torch.nn.Module):
    """A network that keeps what it was shown."""

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Return the mean colours."""
        self.shown = images
        return images.mean(dim=(2, 3))


@pytest.mark.parametrize("source_px", [8, 16, 40], ids=["smaller", "the same", "larger"])
def test_a_network_is_shown_its_own_size_and_colours(source_px: int) -> None:
    net = Recorder()
    network = frozen_networks.FrozenNetwork(net, 3, LOOK, source_px)
    plain = torch.tensor([0.3, 0.8, 0.0])[None, :, None, None].expand(2, 3, source_px, source_px)
    features = network(plain)
    assert net.shown.shape == (2, 3, 16, 16)
    expected = torch.tensor([1.0, 2.0, -2.0])
    torch.testing.assert_close(net.shown[0, :, 5, 5], expected)
    torch.testing.assert_close(features, (expected / 3).expand(2, 3), msg="of length 1")


@pytest.mark.parametrize(
    ("name", "side"),
    [("tf_efficientnet_lite0", 224), ("tf_efficientnet_lite2", 260), ("vit_small_patch14_dinov2", 224)],
)
def test_a_network_sees_its_native_size_unless_that_is_very_large(name: str, side: int) -> None:
    assert frozen_networks.read_look(name).size_px == side


def test_a_look_comes_back_from_the_json_of_a_model() -> None:
    look = frozen_networks.read_look("tf_efficientnet_lite0")
    assert look.mean == (0.5, 0.5, 0.5)
    found = {**look.to_json(), "mean": list(look.mean), "deviation": list(look.deviation)}
    assert frozen_networks.parse_look(found) == look


def test_a_network_keeps_its_weights_for_images_of_another_size() -> None:
    network = frozen_networks.build_frozen_network("test_resnet", LOOK, 16)
    plain = torch.rand(2, 3, 1, 1)
    torch.testing.assert_close(
        network.resized_from(48)(plain.expand(2, 3, 48, 48)), network(plain.expand(2, 3, 16, 16))
    )
    assert network.resized_from(48).net is network.net


@pytest.mark.parametrize(("name", "source_px"), [("test_resnet", 24), ("test_vit", 40), ("tf_efficientnet_lite0", 40)])
def test_features_in_onnx_are_those_of_torch(name: str, source_px: int, tmp_path: pathlib.Path) -> None:
    torch.manual_seed(0)
    look = NetworkLook(32, (0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
    network, images = (
        frozen_networks.build_frozen_network(name, look, source_px),
        torch.rand(2, 3, source_px, source_px),
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(network, (images,), tmp_path / "it.onnx", opset_version=17, dynamo=False, input_names=["x"])
    (found,) = onnxruntime.InferenceSession(tmp_path / "it.onnx").run(None, {"x": images.numpy()})
    np.testing.assert_allclose(found, network(images).numpy(), atol=1e-5)


def a_picture(mode: str, folder: pathlib.Path) -> pathlib.Path:
    """Write the same picture in a mode of Pillow; the last one is 10,240 px wide."""
    grey = np.tile(np.linspace(20, 230, 64, dtype=np.float32)[:, None], (1, 64))
    pictures = {
        "RGB": Image.fromarray(np.repeat(grey.astype(np.uint8)[..., None], 3, axis=2)),
        "L": Image.fromarray(grey.astype(np.uint8)),
        "I;16": Image.fromarray((grey * 257).astype(np.uint16)),
        "large": Image.fromarray(grey.astype(np.uint8)).resize((10_240, 64)),
    }
    pictures[mode].save(folder / f"{mode[0]}.png")
    return folder / f"{mode[0]}.png"


@pytest.mark.parametrize("mode", ["L", "I;16", "large"])
def test_grey_deep_and_huge_pictures_have_the_features_of_the_same_picture_in_colour(
    mode: str, tmp_path: pathlib.Path
) -> None:
    torch.manual_seed(0)
    network = frozen_networks.build_frozen_network("test_resnet", LOOK, 48)
    pixels = [decode_file(a_picture(one, tmp_path), 48) for one in ("RGB", mode)]
    plain, other = network(to_float(torch.from_numpy(np.stack(pixels))))
    torch.testing.assert_close(plain, other, atol=0.05, rtol=0)
