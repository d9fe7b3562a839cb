"""A recognizer's network with one more prototype, computed from a crop.

Owns how sharp a crop may be: as products are on a shelf. Must not change the detector, or write files.
"""

from typing import Final

import numpy as np
import torch
from PIL import Image

from darkroom_api.conditions import Reason
from darkroom_predict.description import ModelDescription
from darkroom_predict.images import Pixels
from darkroom_trainer.features.normalization import normalize
from darkroom_trainer.networks import recognizer_network
from darkroom_trainer.runtime.errors import RunError
from darkroom_trainer.tasks import prototypes

LEAST_PX: Final = 8


def find_network(model: object) -> recognizer_network.RecognizerNetwork:
    """Return the recognizer that a model is; raises RunError for another one."""
    if not isinstance(model, recognizer_network.RecognizerNetwork):
        raise RunError(Reason.INVALID_CONFIGURATION, "model: it has no prototypes that one could be added to")
    return model


def extend(network: recognizer_network.RecognizerNetwork, model: ModelDescription, crop: Image.Image) -> None:
    """Give the network one more prototype."""
    shaping = model.preprocessing
    image = torch.from_numpy(shrink(crop, float(network.product_side), shaping.image_size_px)).permute(2, 0, 1)
    mean, std = (torch.tensor(values)[:, None, None] for values in (shaping.mean, shaping.deviation))
    prototype = prototypes.embed_picture(
        network, normalize(image.float() / 255, mean, std), torch.tensor([0.0, 0.0, 1.0, 1.0])
    )
    network.prototypes = torch.cat([network.prototypes, prototype[None]])
    network.is_known = torch.cat([network.is_known, torch.ones(1)])


def shrink(crop: Image.Image, side: float, size_px: int) -> Pixels:
    """Return a crop as a picture (size_px, size_px, 3) no sharper than products are on a shelf."""
    own = max(LEAST_PX, round(side * size_px))
    small = crop.resize((own, own), Image.Resampling.BILINEAR) if min(crop.size) > own else crop
    return np.array(small.resize((size_px, size_px), Image.Resampling.BILINEAR), dtype=np.uint8)
