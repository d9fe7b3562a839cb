"""D-FINE of the transformers library: what of its config.json is used, how it is built and filled, and its own loss.

The only module that imports transformers, which takes four seconds of one core: import it where such a network is
needed. Must not reach a hub, or run code that came with weights.
"""

import json
from collections.abc import Mapping
from typing import Any, Final

import torch
from huggingface_hub.errors import StrictDataclassError
from torch import nn
from transformers import DFineConfig, HGNetV2Config
from transformers.loss.loss_d_fine import DFineForObjectDetectionLoss
from transformers.models.d_fine.modeling_d_fine import DFineForObjectDetection

MODEL_TYPE: Final = "d_fine"
BACKBONE_TYPE: Final = "hgnet_v2"
FIXED: Final = {
    "num_denoising": 0, "dropout": 0.0, "attention_dropout": 0.0, "activation_dropout": 0.0, "auxiliary_loss": True,
    "anchor_image_size": None, "eval_size": None, "tie_word_embeddings": False,
}  # fmt: skip
"""What is the same in every network here. Noise of its own would make a resumed run differ from one without a break,
sizes are the run's, and layers that share a tensor could not be written as safetensors."""
_KEPT: Final = frozenset(DFineConfig.__annotations__) - FIXED.keys() - {"is_encoder_decoder", "backbone_config"}
_KEPT_OF_BACKBONE: Final = frozenset(HGNetV2Config.__annotations__) | {"out_indices", "out_features"}
_OWN_CODE: Final = ("auto_map", "custom_pipelines", "trust_remote_code")
_REFUSALS: Final = (
    StrictDataclassError, TypeError, ValueError, AssertionError, RuntimeError, LookupError, AttributeError,
    ArithmeticError,
)  # fmt: skip
"""What the library raises for numbers that make no network."""
_HEADS: Final = ("enc_score_head.", "decoder.class_embed.")
"""One row for each tag: those of COCO are not the run's."""
_COUNTERS: Final = "num_batches_tracked"


class ConfigRefused(Exception):
    """A config.json of which no network is built; the text says why, and goes on after the file's name."""


def read_network(text: str) -> str:
    """Return what of a config.json is used, as JSON in one order; raises ConfigRefused."""
    try:
        found = json.loads(text)
    except ValueError as error:
        raise ConfigRefused(f"is no JSON ({error})") from error
    backbone = found.get("backbone_config") if isinstance(found, dict) else None
    if not isinstance(found, dict) or found.get("model_type") != MODEL_TYPE or not isinstance(backbone, dict):
        said = found.get("model_type") if isinstance(found, dict) else None
        raise ConfigRefused(f"describes {said or 'nothing'}, and only {MODEL_TYPE} with its backbone_config is built")
    code = [key for key in _OWN_CODE if found.get(key) or backbone.get(key)]
    if code:
        raise ConfigRefused(f"names code of its own ({code[0]}), which is never run")
    if backbone.get("model_type") != BACKBONE_TYPE or found.get("learn_initial_query"):
        raise ConfigRefused(f"asks for another form than the published one (backbone {backbone.get('model_type')})")
    kept = {key: value for key, value in found.items() if key in _KEPT}
    own = {key: value for key, value in backbone.items() if key in _KEPT_OF_BACKBONE}
    network = json.dumps({**kept, "backbone_config": {**own, "model_type": BACKBONE_TYPE}}, sort_keys=True)
    list_shapes(network)
    return network


def list_shapes(network: str) -> dict[str, tuple[int, ...]]:
    """Return the tensors that do not depend on the tags, by name; nothing is allocated. Raises ConfigRefused."""
    try:
        with torch.device("meta"):
            net = _create(network, 1)
    except _REFUSALS as error:
        raise ConfigRefused(f"makes no network ({type(error).__name__}: {str(error)[:200]})") from error
    return {key: tuple(value.shape) for key, value in net.state_dict().items() if not _is_own(key)}


def find_source(key: str, offered: Mapping[str, Any]) -> str | None:
    """Return by which name a file offers a tensor: below `model`, or of the layer that others share it with."""
    outside = key.removeprefix("decoder.")
    candidates = [f"model.{key}", key, outside]
    head, dot, rest = outside.partition(".")
    if dot and head in ("class_embed", "bbox_embed"):
        first = f"{head}.0.{rest.partition('.')[2]}"
        candidates += [f"model.decoder.{first}", first]
    return next((name for name in candidates if name in offered), None)


def build_network(
    network: str, num_labels: int, weights: Mapping[str, torch.Tensor] | None = None, image_size_px: int | None = None
) -> Any:
    """Return the network for tags and a size of images; of small images it asks no more queries than they have cells.

    Each tag begins as the mean of all that the weights know: what is a thing is known, and which one is not.
    """
    net = _create(network, num_labels)
    if image_size_px is not None:
        cells = sum((-(-image_size_px // stride)) ** 2 for stride in net.config.feat_strides)
        net.config.num_queries = min(net.config.num_queries, cells)
    if weights:
        net.load_state_dict(_choose_tensors(net.state_dict(), weights), strict=False)
    return net


def compute_loss(found: Any, config: DFineConfig, things: list[dict[str, torch.Tensor]]) -> torch.Tensor:
    """Return the library's loss of a batch, matching included; no number where an answer is none, as it must not meet.

    The things of an image are `class_labels` (K,) and `boxes` (K, 4): relative middle, width and height.
    """
    logits, boxes = found.intermediate_logits.float(), found.intermediate_reference_points.float()
    total: torch.Tensor = logits.sum() * torch.nan
    if not (torch.isfinite(logits).all() and torch.isfinite(boxes).all()):
        return total
    total, _, _ = DFineForObjectDetectionLoss(
        logits[:, -1],
        things,
        logits.device,
        boxes[:, -1],
        config,
        logits,
        boxes,
        enc_topk_logits=found.enc_topk_logits.float(),
        enc_topk_bboxes=found.enc_topk_bboxes.float(),
        predicted_corners=found.intermediate_predicted_corners.float(),
        initial_reference_points=found.initial_reference_points.float(),
    )
    return total


def _create(network: str, num_labels: int) -> Any:
    """Return D-FINE with its heads; two numbers that never learn are no parameters, so that nothing trains them."""
    net: Any = DFineForObjectDetection(DFineConfig(**json.loads(network), **FIXED, num_labels=num_labels)).model
    for name in ("reg_scale", "up"):
        value: nn.Parameter = net.decoder._parameters.pop(name)
        net.decoder.register_buffer(name, value.data)
    return net


def _is_own(key: str) -> bool:
    return key.startswith(_HEADS) or key.endswith(_COUNTERS)


def _choose_tensors(own: Mapping[str, torch.Tensor], weights: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    chosen = {}
    for key, value in own.items():
        source = find_source(key, weights)
        if source is None:
            continue
        offered = weights[source]
        is_head = key.startswith(_HEADS)
        chosen[key] = offered.mean(dim=0, keepdim=True).expand(value.shape) if is_head else offered
    return chosen
