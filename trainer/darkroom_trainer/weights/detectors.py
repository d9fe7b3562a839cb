"""Detectors that learned from other pictures before: which names are theirs, and what is published under them.

Owns the names. Pure, and imports nothing of the project: recipes are told by it without torch.
"""

from collections.abc import Iterable
from typing import Final

PREFIX: Final = "dfine_"
"""Of D-FINE; no network of timm is called so."""
PUBLISHED: Final = ("dfine_nano_coco", "dfine_small_coco", "dfine_medium_coco", "dfine_large_coco", "dfine_xlarge_coco")
"""Small to large, of its authors, under Apache-2.0. They learned from COCO."""
LICENCE: Final = "apache-2.0"
WEIGHTS_FILE: Final = "model.safetensors"
CONFIG_FILE: Final = "config.json"


def is_detector(name: str) -> bool:
    """Return whether a name means a whole detector, and not a network of timm."""
    return name.startswith(PREFIX)


def find_licence(name: str) -> str | None:
    """Return the licence of a published detector's weights; of others nothing is known."""
    return LICENCE if name in PUBLISHED else None


def list_folders(name: str) -> tuple[str, str]:
    """Return what the folder of a detector may be called: as the Model says it, or with the hyphens of hubs."""
    return name, name.replace("_", "-")


def list_names(files: Iterable[str]) -> list[str]:
    """Return the detectors whose weights are among the files of a folder, the published ones first, small to large."""
    ending = f"/{WEIGHTS_FILE}"
    folders = (file.removesuffix(ending) for file in files if file.endswith(ending))
    found = {name for name in (folder.replace("-", "_") for folder in folders) if is_detector(name)}
    return [name for name in PUBLISHED if name in found] + sorted(found - set(PUBLISHED))
