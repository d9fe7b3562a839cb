"""Which program the pods of a run are: they speak with each other only where all are the same.

Must not import torch.
"""

import hashlib
import importlib.metadata
import pathlib
from typing import Final

import darkroom_trainer

PACKAGES: Final = ("darkroom", "torch")


def describe_version() -> str:
    """Return the versions of what computes here, and a sum of our code: an image's tag may move between two pods."""
    versions = [f"{name} {_find_version(name)}" for name in PACKAGES]
    return ", ".join([*versions, f"code {_sum_code(pathlib.Path(darkroom_trainer.__file__).parent)}"])


def _find_version(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return "unknown"


def _sum_code(folder: pathlib.Path) -> str:
    summed = hashlib.sha256()
    for file in sorted(folder.rglob("*.py")):
        summed.update(file.relative_to(folder).as_posix().encode() + b"\0" + file.read_bytes())
    return summed.hexdigest()[:12]
