"""timm backbones by name; the only module that imports timm (whose import takes seconds, and whose hub is never used).

Owns what timm knows of a network, how one is made for a size of image, and how tensors get into it. Must not reach the
internet: `pretrained` is always False.
"""

import difflib
import functools
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import timm
import torch
from timm.models import group_parameters
from torch import nn
from torch.nn import functional

Shapes = Mapping[str, tuple[int, ...]]

COARSEST_STRIDE: Final = 32
"""Sizes of windowed transformers are multiples of it, where timm does not say what their coarsest level is."""
_MADE_FOR_ONE_SIZE: Final = (TypeError, ValueError, AssertionError, RuntimeError)
"""What the families of timm raise for a size that they cannot be made for, or cannot look at."""
_COUNTERS: Final = "num_batches_tracked"


class NoFeatureMaps(ValueError):
    """A network of which timm gives no maps of features, so that nothing can be found by it in a picture."""


@dataclass(frozen=True)
class NetworkFacts:
    """What timm says of a network and of the weights that go by its name."""

    mean: tuple[float, ...]
    std: tuple[float, ...]
    native_size_px: int
    is_size_fixed: bool
    licence: str | None
    hub_repository: str | None
    hub_file: str
    tag: str


@dataclass(frozen=True)
class Level:
    """One map of features: its channels, and the pixels of the image that one of its cells stands for."""

    channels: int
    stride: int


class SizedImages(nn.Module):
    """A network behind a change of the images to the one size that it is made for."""

    def __init__(self, net: nn.Module, size_px: int) -> None:
        super().__init__()
        self.net = net
        self.size_px = size_px

    def forward(self, images: torch.Tensor) -> Any:
        """Return what the network says of the resized images."""
        size = (self.size_px, self.size_px)
        return self.net(functional.interpolate(images, size=size, mode="bilinear", align_corners=False))


class MeanTokens(nn.Module):
    """A transformer's features as the mean (B, D) of its patches, without its tokens for the whole picture."""

    def __init__(self, net: Any) -> None:
        super().__init__()
        self.net = net

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Return the mean."""
        tokens: torch.Tensor = self.net.forward_features(images)
        return tokens[:, self.net.num_prefix_tokens :].mean(dim=1)


class ChannelsFirst(nn.Module):
    """A feature extractor whose maps (B, H, W, C) are turned to (B, C, H, W)."""

    def __init__(self, net: nn.Module) -> None:
        super().__init__()
        self.net = net

    def forward(self, images: torch.Tensor) -> list[torch.Tensor]:
        """Return the maps, channels before rows."""
        return [level.permute(0, 3, 1, 2).contiguous() for level in self.net(images)]


def _create(name: str, **options: Any) -> Any:
    return timm.create_model(name, pretrained=False, **options)


def is_known(name: str) -> bool:
    """Return whether timm has this network, and, where the name has a tag after a dot, these weights of it."""
    if not timm.is_model(name):
        return False
    try:
        timm.get_pretrained_cfg(name)
    except RuntimeError:
        return False
    return True


def suggest_names(name: str, count: int = 3) -> list[str]:
    """Return the names of timm that look like `name`, best first."""
    architecture, _, _ = name.partition(".")
    return difflib.get_close_matches(architecture, timm.list_models(), n=count, cutoff=0.6)


@functools.lru_cache
def read_facts(name: str) -> NetworkFacts:
    """Return what timm says of a network; the usual numbers where it says nothing."""
    config = timm.get_pretrained_cfg(name)
    if config is None:
        return NetworkFacts((0.485, 0.456, 0.406), (0.229, 0.224, 0.225), 224, False, None, None, "", "")
    return NetworkFacts(
        mean=tuple(config.mean),
        std=tuple(config.std),
        native_size_px=int(config.input_size[-1]),
        is_size_fixed=bool(config.fixed_input_size),
        licence=config.license,
        hub_repository=config.hf_hub_id,
        hub_file="model.safetensors",
        tag=config.tag or "",
    )


def read_preprocessing(name: str) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return the mean and standard deviation of each colour that the backbone's weights expect."""
    facts = read_facts(name)
    return facts.mean, facts.std


@functools.lru_cache
def list_shapes(name: str) -> Shapes:
    """Return the tensors that a network has below its head, by name; nothing is allocated."""
    with torch.device("meta"):
        net = _create(name, num_classes=0)
    return {key: tuple(value.shape) for key, value in net.state_dict().items() if not key.endswith(_COUNTERS)}


def build_classifier(name: str, num_labels: int, image_size_px: int | None = None) -> nn.Module:
    """Return a backbone with pooling and a linear head of `num_labels` outputs, for images of a size.

    Without a size, a network that is made for one size only gets its images changed to it.
    """
    size = fit_size(name, image_size_px)
    net: nn.Module = _create(name, num_classes=num_labels, **_size_option(name, size))
    return _take_images(net, size, image_size_px)


def build_embedder(
    name: str,
    weights: Mapping[str, torch.Tensor] | None = None,
    image_size_px: int | None = None,
    *,
    is_mean: bool = False,
) -> tuple[nn.Module, int]:
    """Return a frozen network that maps normalized images (B, 3, S, S) to features (B, D), and D.

    `is_mean` takes the mean of a transformer's patches for them, see `has_other_pooling`.
    """
    size = fit_size(name, image_size_px)
    net: Any = _create(name, num_classes=0, **_size_option(name, size))
    width = int(net.num_features if is_mean else getattr(net, "head_hidden_size", None) or net.num_features)
    model = _take_images(MeanTokens(net) if is_mean else net, size, image_size_px)
    if weights:
        load_backbone_weights(model, weights, name, image_size_px)
    return model.eval().requires_grad_(False), width


@functools.lru_cache
def has_other_pooling(name: str) -> bool:
    """Return whether a network is a transformer whose weights pool otherwise than by the mean of its patches."""
    with torch.device("meta"):
        net: Any = _create(name, num_classes=0)
    return hasattr(net, "num_prefix_tokens") and net.global_pool in ("token", "map")


def build_feature_extractor(name: str, image_size_px: int | None = None) -> tuple[nn.Module, list[Level]]:
    """Return a network that answers with maps of features (B, C, H, W), finest first, and what those maps are.

    Raises NoFeatureMaps.
    """
    size = fit_size(name, image_size_px)
    options: dict[str, Any] = {"features_only": True, **_size_option(name, size)}
    try:
        with torch.device("meta"):
            offered: Any = _create(name, **options)
    except (RuntimeError, AttributeError, AssertionError, KeyError) as error:
        raise NoFeatureMaps(f"{name} gives no maps of features ({error})") from error
    strides = list(offered.feature_info.reduction())
    chosen = choose_levels(strides)
    if len(chosen) < len(strides):
        options["out_indices"] = tuple(offered.feature_info.out_indices[at] for at in chosen)
    net: Any = _create(name, **options)
    levels = [
        Level(int(c), int(s)) for c, s in zip(net.feature_info.channels(), net.feature_info.reduction(), strict=True)
    ]
    maps = ChannelsFirst(net) if str(getattr(net, "output_fmt", "NCHW")).endswith("NHWC") else net
    return _take_images(maps, size, image_size_px), levels


@functools.lru_cache
def list_levels(name: str) -> tuple[tuple[int, ...], list[Level]]:
    """Return the places in timm's list of the maps of features that a detector works on, and what those maps are.

    Raises NoFeatureMaps.
    """
    try:
        with torch.device("meta"):
            info: Any = _create(name, features_only=True).feature_info
    except (RuntimeError, AttributeError, AssertionError, KeyError) as error:
        raise NoFeatureMaps(f"{name} gives no maps of features") from error
    chosen = choose_levels(list(info.reduction()))
    found = list(zip(info.out_indices, info.channels(), info.reduction(), strict=True))
    levels = [Level(int(found[at][1]), int(found[at][2])) for at in chosen]
    return tuple(int(found[at][0]) for at in chosen), levels


def choose_levels(strides: list[int]) -> list[int]:
    """Return which maps to use of those with these strides: near 8, 16 and 32, or all of a network with one stride."""
    if len(set(strides)) == 1:
        return list(range(len(strides)))
    chosen = []
    for wanted in (8, 16, 32):
        near = [at for at, stride in enumerate(strides) if 0.7 * wanted <= stride <= 1.4 * wanted]
        chosen += near[-1:]
    return chosen or [len(strides) - 1]


@functools.lru_cache
def fit_size(name: str, image_size_px: int | None) -> int | None:
    """Return the size of image that the network is to be made for; None where every size will do."""
    facts = read_facts(name)
    if not facts.is_size_fixed:
        return None
    if image_size_px is None:
        return facts.native_size_px
    with torch.device("meta"):
        net: Any = _create(name, num_classes=0)
        info = getattr(net, "feature_info", None)
        step = int(info[-1]["reduction"]) if info else COARSEST_STRIDE
        size = -(-image_size_px // step) * step
        try:
            _create(name, num_classes=0, img_size=size).eval()(torch.zeros(1, 3, size, size))
        except _MADE_FOR_ONE_SIZE:
            return facts.native_size_px
    return size


def _size_option(name: str, size: int | None) -> dict[str, int]:
    return {} if size is None or size == read_facts(name).native_size_px else {"img_size": size}


def _take_images(net: nn.Module, size: int | None, image_size_px: int | None) -> nn.Module:
    return net if size is None or size == image_size_px else SizedImages(net, size)


def load_backbone_weights(
    module: nn.Module, weights: Mapping[str, torch.Tensor], name: str | None = None, image_size_px: int | None = None
) -> int:
    """Fill `module` with the tensors of `weights` that have its names and shapes; returns how many.

    Given the network's name, tables of places are changed to the size of image that the module was made for.
    """
    inner = _find_inner(module)
    fitting = _match(inner.state_dict(), weights)
    if name is not None and fit_size(name, image_size_px) not in (None, read_facts(name).native_size_px):
        fitting = _match(inner.state_dict(), _adapt(name, image_size_px, weights))
    inner.load_state_dict(fitting, strict=False)
    return len(fitting)


@functools.lru_cache
def list_depths(name: str) -> Mapping[str, int]:
    """Return how deep each tensor below the head lies, by name: 0 in the stem, one more in each stage after it."""
    with torch.device("meta"):
        net = _create(name, num_classes=0)
    depths: Mapping[str, int] = group_parameters(net, net.group_matcher(coarse=True), reverse=True)
    return depths


def read_depths(module: nn.Module, name: str) -> dict[str, int]:
    """Return how deep each parameter of a module that was made of this network lies; its head's have no depth."""
    own = dict(module.named_parameters())
    inner = dict(_find_inner(module).named_parameters())
    found = {
        id(inner[candidate]): depth
        for tensor, depth in list_depths(name).items()
        for candidate in _list_names(tensor)
        if candidate in inner
    }
    return {parameter: found[id(value)] for parameter, value in own.items() if id(value) in found}


def _find_inner(module: nn.Module) -> nn.Module:
    while isinstance(module, SizedImages | ChannelsFirst | MeanTokens):
        module = module.net
    return module


def _adapt(name: str, image_size_px: int | None, weights: Mapping[str, torch.Tensor]) -> Mapping[str, torch.Tensor]:
    """Return the tensors as the network's family changes them to another size of image, where it can."""
    with torch.device("meta"):
        net = _create(name, num_classes=0, **_size_option(name, fit_size(name, image_size_px)))
    change = getattr(sys.modules[type(net).__module__], "checkpoint_filter_fn", None)
    adapted: Mapping[str, torch.Tensor] = change(dict(weights), net) if change is not None else weights
    return adapted


def _match(own: Mapping[str, torch.Tensor], weights: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    fitting = {}
    for name, tensor in weights.items():
        for candidate in _list_names(name):
            if candidate in own and own[candidate].shape == tensor.shape:
                fitting[candidate] = tensor
    return fitting


def _list_names(name: str) -> tuple[str, ...]:
    """Feature extractors of timm flatten `stages.0` to `stages_0` for some families, and wrap others in `model`."""
    return name, name.replace(".", "_", 1), f"model.{name}"
