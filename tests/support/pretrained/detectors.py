"""A detector of the published form and of ten thousand random parameters, as files beside each other."""

import json
import pathlib
from typing import Any

import safetensors.torch
import torch

NAME = "dfine_tiny_test"
COCO_TAGS = 5
BACKBONE: dict[str, Any] = {
    "model_type": "hgnet_v2", "out_indices": [2, 3, 4], "depths": [1] * 4, "hidden_sizes": [8] * 4,
    "stem_channels": [3, 4, 4], "stage_in_channels": [4, 8, 8, 8], "stage_mid_channels": [4] * 4,
    "stage_out_channels": [8] * 4, "stage_num_blocks": [1] * 4, "stage_numb_of_layers": [1] * 4,
    "stage_light_block": [False] * 4, "stage_kernel_size": [3] * 4, "stage_downsample": [False, True, True, True],
}  # fmt: skip
CONFIG: dict[str, Any] = {
    "model_type": "d_fine", "architectures": ["DFineForObjectDetection"], "backbone_config": BACKBONE,
    "encoder_in_channels": [8] * 3, "encoder_hidden_dim": 8, "encoder_ffn_dim": 8, "encoder_attention_heads": 2,
    "d_model": 8, "decoder_in_channels": [8] * 3, "decoder_ffn_dim": 8, "decoder_layers": 2,
    "decoder_attention_heads": 2, "num_queries": 10, "num_denoising": 100, "max_num_bins": 8, "lqe_hidden_dim": 4,
    "depth_mult": 0.34, "hidden_expansion": 0.5, "dropout": 0.1, "id2label": {"0": "person", "1": "bicycle"},
}  # fmt: skip
"""With what a published file also says and this project does not use: noise while training, names of tags."""


def a_network() -> str:
    """Return what the trainer uses of the configuration."""
    from darkroom_trainer.networks import dfine  # four seconds, which few tests need

    return dfine.read_network(json.dumps(CONFIG))


def some_tensors(seed: int = 0) -> dict[str, torch.Tensor]:
    """Return the tensors of a file of the published form, random, and so far apart that no two queries say the same."""
    from darkroom_trainer.networks import dfine

    torch.manual_seed(seed)
    found = dfine.build_network(a_network(), COCO_TAGS).state_dict()
    return {f"model.{key}": torch.randn(value.shape) / 3 if value.ndim > 1 else value for key, value in found.items()}


def write_detector(
    folder: pathlib.Path, tensors: dict[str, torch.Tensor] | None = None, config: dict[str, Any] | None = None
) -> None:
    """Write both files into a folder."""
    folder.mkdir(parents=True)
    found = some_tensors() if tensors is None else tensors
    safetensors.torch.save_file({key: value.contiguous() for key, value in found.items()}, folder / "model.safetensors")
    (folder / "config.json").write_text(json.dumps(CONFIG if config is None else config))
