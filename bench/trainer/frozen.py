"""Features of frozen networks as the trainer computes them, beside a bare forward of the same timm network.

Owns both arms: from decoded images in memory to features that are kept, and from one batch of floats to features that
are thrown away, channels last, as decoded images are. Weights do not matter here and are random.
"""

from typing import Any

import numpy as np
import timm
import torch

from bench.trainer import arms as arms_of, sets as sets
from darkroom_trainer.features.block_names import BACKBONE_PREFIX
from darkroom_trainer.heads import store
from darkroom_trainer.networks import frozen_networks
from darkroom_trainer.runtime import device as devices


def measure_features(backbone: str, size_px: int, batch_size: int, rounds: int) -> dict[str, Any]:
    """Return images a second of the features that heads are fitted on, and of a bare forward."""
    device = devices.prepare_device()
    data = sets.draw_data(size_px, device)
    examples = store.Examples(data.images, data.mean, data.std, data.rows, data.targets["label"], len(sets.TAGS))
    look = frozen_networks.read_look(backbone)
    network = frozen_networks.build_frozen_network(backbone, look, size_px).to(device.torch_device)
    bare = timm.create_model(backbone, pretrained=False, num_classes=0).eval().to(device.torch_device)
    batch = torch.randn(batch_size, 3, look.size_px, look.size_px, device=device.torch_device)
    batch = batch.to(memory_format=torch.channels_last)
    arms: dict[str, arms_of.Steps] = {
        "features": lambda count: extract_features(examples, backbone, network, count * batch_size),
        "bare": lambda count: run_forwards(bare, batch, count),
    }
    return arms_of.compare(arms, batch_size, rounds, device)


def extract_features(
    examples: store.Examples, backbone: str, network: frozen_networks.FrozenNetwork, count: int
) -> None:
    """Compute the features of so many images, none of which is known yet."""
    block = f"{BACKBONE_PREFIX}{backbone}"
    for done in range(0, count, len(examples.rows)):
        rows = np.arange(min(count - done, len(examples.rows)))
        store.FeatureStore(examples, rows, backbones={backbone: network}).extract([block], 0)


def run_forwards(model: Any, batch: torch.Tensor, steps: int) -> None:
    """Run the network on the same batch."""
    with torch.inference_mode():
        for _ in range(steps):
            model(batch)
