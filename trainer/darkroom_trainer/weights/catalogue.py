"""The networks whose pretrained weights are known to serve, by size and by what they learned from.

Owns the list, and the refusal of names that timm does not know. Must not look for weights or build networks.

Only licences that allow every use (Apache, MIT, BSD, CC-BY). Not in it, therefore: DINOv3 (a licence of its own, with
terms on who may use it, and for what), ConvNeXt V2 and MAE (CC-BY-NC). Their names can be asked for all the same.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from darkroom_api.conditions import Reason
from darkroom_api.v1alpha1.common import Task
from darkroom_trainer.networks import backbones
from darkroom_trainer.runtime.errors import RunError
from darkroom_trainer.weights import detectors

PERMISSIVE: Final = ("apache", "mit", "bsd", "cc-by-4", "cc0")
"""How timm's names of the licences begin that allow every use."""
BYTES_PER_PARAMETER: Final = 4
DENSE_TASKS: Final = (Task.DETECTOR, Task.PRODUCT_RECOGNIZER)
"""Tasks that find boxes, for which a network must give maps of features."""


class Tier(StrEnum):
    """How large a network is, and so what it is for: a laptop, a small GPU, a GPU, a large GPU."""

    TINY = "tiny"
    SMALL = "small"
    MEDIUM = "medium"
    LARGE = "large"


class Pretraining(StrEnum):
    """What a network's weights learned from: with few images, which kind serves best differs between sets."""

    SUPERVISED = "supervised"
    SELF_SUPERVISED = "self-supervised"
    IMAGE_TEXT = "image-text"


@dataclass(frozen=True)
class CatalogueEntry:
    """A network with weights. Its colours' mean and std are timm's, see `backbones.read_preprocessing`."""

    name: str
    tier: Tier
    pretraining: Pretraining
    learned_from: str
    licence: str
    million_parameters: float
    """Without a head."""
    native_size_px: int
    is_dense: bool = True
    """Whether it gives maps of features that a detector can use."""

    @property
    def file_bytes(self) -> int:
        """Return about how large the file of its weights is."""
        return int(self.million_parameters * 1e6 * BYTES_PER_PARAMETER)


_SUPERVISED, _SELF, _TEXT = Pretraining.SUPERVISED, Pretraining.SELF_SUPERVISED, Pretraining.IMAGE_TEXT
_IN1K, _IN12K, _IN22K = "ImageNet-1k", "ImageNet-12k, then ImageNet-1k", "ImageNet-22k"
_PE, _TIPS = "5.4 billion pictures with texts (PE)", "WebLI (TIPSv2)"
_APACHE: Final = "apache-2.0"

CATALOGUE: Final[tuple[CatalogueEntry, ...]] = (
    CatalogueEntry("test_resnet.r160_in1k", Tier.TINY, _SUPERVISED, _IN1K, _APACHE, 0.37, 160),
    CatalogueEntry("mobilenetv4_conv_small.e2400_r224_in1k", Tier.TINY, _SUPERVISED, _IN1K, _APACHE, 2.49, 224),
    CatalogueEntry("tf_efficientnet_lite0.in1k", Tier.TINY, _SUPERVISED, _IN1K, _APACHE, 3.37, 224),
    CatalogueEntry("convnext_atto.d2_in1k", Tier.TINY, _SUPERVISED, _IN1K, _APACHE, 3.37, 224),
    CatalogueEntry("tf_efficientnet_lite1.in1k", Tier.TINY, _SUPERVISED, _IN1K, _APACHE, 4.14, 240),
    CatalogueEntry("tf_efficientnet_lite2.in1k", Tier.TINY, _SUPERVISED, _IN1K, _APACHE, 4.81, 260),
    CatalogueEntry("vit_pe_core_tiny_patch16_384.fb", Tier.TINY, _TEXT, _PE, _APACHE, 6.04, 384),
    CatalogueEntry("resnet18.a1_in1k", Tier.SMALL, _SUPERVISED, _IN1K, _APACHE, 11.18, 224),
    CatalogueEntry("convnext_nano.in12k_ft_in1k", Tier.SMALL, _SUPERVISED, _IN12K, _APACHE, 14.95, 224),
    CatalogueEntry("vit_small_patch14_dinov2.lvd142m", Tier.SMALL, _SELF, "LVD-142M", _APACHE, 22.06, 518),
    CatalogueEntry("resnet50.a1_in1k", Tier.SMALL, _SUPERVISED, _IN1K, _APACHE, 23.51, 224),
    CatalogueEntry("vit_pe_core_small_patch16_384.fb", Tier.SMALL, _TEXT, _PE, _APACHE, 23.59, 384),
    CatalogueEntry("convnext_tiny.fb_in22k", Tier.MEDIUM, _SUPERVISED, _IN22K, _APACHE, 27.82, 224),
    CatalogueEntry("vit_base_patch16_clip_224.openai", Tier.MEDIUM, _TEXT, "WIT-400M (CLIP)", _APACHE, 85.80, 224),
    CatalogueEntry("vit_base_patch14_reg1_tipsv2.webli", Tier.MEDIUM, _TEXT, _TIPS, _APACHE, 86.31, 448),
    CatalogueEntry("vit_base_patch14_dinov2.lvd142m", Tier.MEDIUM, _SELF, "LVD-142M", _APACHE, 86.58, 518),
    CatalogueEntry("convnext_base.fb_in22k", Tier.MEDIUM, _SUPERVISED, _IN22K, _APACHE, 87.57, 224),
    CatalogueEntry("vit_base_patch16_siglip_224.v2_webli", Tier.MEDIUM, _TEXT, "WebLI (SigLIP 2)", _APACHE, 92.88, 224),
    CatalogueEntry("vit_pe_core_base_patch16_224.fb", Tier.MEDIUM, _TEXT, _PE, _APACHE, 92.89, 224),
    CatalogueEntry("convnext_large.fb_in22k", Tier.LARGE, _SUPERVISED, _IN22K, _APACHE, 196.23, 224),
    CatalogueEntry("vit_large_patch14_reg1_tipsv2.webli", Tier.LARGE, _TEXT, _TIPS, _APACHE, 304.01, 448),
    CatalogueEntry("vit_large_patch14_dinov2.lvd142m", Tier.LARGE, _SELF, "LVD-142M", _APACHE, 304.37, 518),
    CatalogueEntry(
        "vit_large_patch16_siglip_256.v2_webli", Tier.LARGE, _TEXT, "WebLI (SigLIP 2)", _APACHE, 315.96, 256
    ),
    CatalogueEntry("vit_pe_core_large_patch14_336.fb", Tier.LARGE, _TEXT, _PE, _APACHE, 316.10, 336),
)
"""From small to large. Licences, sizes and parameters are timm's, and tested against it."""


def find_entry(name: str) -> CatalogueEntry | None:
    """Return the entry of a network; a name without a tag after its dot means timm's usual weights of it."""
    spellings = list_spellings(name)
    return next((entry for entry in CATALOGUE if entry.name in spellings), None)


def list_entries(task: Task) -> list[CatalogueEntry]:
    """Return the networks that a task can use, small to large."""
    return [entry for entry in CATALOGUE if entry.is_dense or task not in DENSE_TASKS]


def list_spellings(name: str) -> tuple[str, ...]:
    """Return the names that mean the same weights: with timm's usual tag after a dot, or without it."""
    architecture, _, tag = name.partition(".")
    usual = backbones.read_facts(architecture).tag
    if not usual or tag not in ("", usual):
        return (name,)
    return (name, architecture if tag else f"{architecture}.{usual}")


def is_permissive(licence: str | None) -> bool:
    """Return whether a licence, in timm's words, allows every use."""
    return licence is not None and licence.lower().startswith(PERMISSIVE)


def check_backbone(name: str | None, task: Task) -> None:
    """Raise RunError(InvalidConfiguration) naming the field for a network that is unknown, or that the task cannot use.

    None, which leaves the choice to the search, is always right.
    """
    if name is None:
        return
    if detectors.is_detector(name):
        if task is not Task.DETECTOR:
            message = f"backbone: {name} is a detector, which {task.value} cannot use; {_describe_catalogue(task)}"
            raise RunError(Reason.INVALID_CONFIGURATION, message)
        return
    if not backbones.is_known(name):
        raise RunError(Reason.INVALID_CONFIGURATION, f"backbone: {_explain_unknown(name)}; {_describe_catalogue(task)}")
    if task not in DENSE_TASKS:
        return
    try:
        backbones.list_levels(name)
    except backbones.NoFeatureMaps as error:
        message = f"backbone: {error}, which {task.value} needs; {_describe_catalogue(task)}"
        raise RunError(Reason.INVALID_CONFIGURATION, message) from error


def _explain_unknown(name: str) -> str:
    architecture, _, tag = name.partition(".")
    if tag and backbones.is_known(architecture):
        return f"timm has no weights {tag} of {architecture}; name {architecture} alone for its usual ones"
    near = backbones.suggest_names(name)
    meant = f", did you mean {' or '.join(near)}?" if near else ""
    return f"timm has no network {name}{meant}"


def _describe_catalogue(task: Task) -> str:
    return f"the catalogue has {', '.join(entry.name for entry in list_entries(task))}"
