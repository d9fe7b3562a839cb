"""`model.json`, and the same in the metadata of `model.onnx`: what a model is and how images are prepared for it.

Owns both forms. Must not import torch, so that a wrong model is refused before anything heavy starts.
"""

import importlib.metadata
import json
import pathlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

from darkroom_api.v1alpha1.common import Task
from darkroom_predict.errors import ModelUnusable
from darkroom_predict.known_fields import keep_known

DESCRIPTION_NAME: Final = "model.json"
WEIGHTS_NAME: Final = "model.safetensors"
ONNX_NAME: Final = "model.onnx"
METADATA_PREFIX: Final = "darkroom."
RESIZE: Final = "stretch-bilinear"
COLOR: Final = "RGB"
EXIF: Final = "applied"
_KNOWN_WORDS: Final = {"resize": RESIZE, "color": COLOR, "exif": EXIF}


@dataclass(frozen=True)
class Preprocessing:
    """How an image becomes the model's input: upright, RGB, resized as a whole, scaled to [0, 1], then normalized."""

    image_size_px: int
    mean: tuple[float, ...]
    deviation: tuple[float, ...]
    resize: str = RESIZE
    color: str = COLOR
    exif: str = EXIF


@dataclass(frozen=True)
class ModelDescription:
    """A model without its weights; `labels` are in the order of its outputs."""

    task: Task
    labels: tuple[str, ...]
    backbone: str | None
    """Name of the network, timm's or a detector's; None where a frozen-feature classifier answers alone."""
    preprocessing: Preprocessing
    threshold: float
    """Detector: boxes below this confidence are left out of answers. Classifier: 0."""
    version: str
    darkroom_version: str
    light: dict[str, Any] | None = None
    """How the frozen-feature classifier is built (see `heads`); None where the network answers alone."""
    light_share: float = 0.0
    """Ensemble weight of the frozen-feature classifier, from 0 to 1; the network has the rest."""
    network_size_px: int | None = None
    """Side of the images that the network works on; it shrinks larger ones for itself. None: as they come."""
    network: dict[str, Any] | None = None
    """How a detection transformer is built; None for a network of timm, whose name says it."""

    def to_json(self) -> dict[str, Any]:
        """Return the content of `model.json`."""
        return asdict(self)


def read_version() -> str:
    """Return the installed version of Darkroom."""
    try:
        return importlib.metadata.version("darkroom")
    except importlib.metadata.PackageNotFoundError:
        return "unknown"


def write_description(description: ModelDescription, folder: pathlib.Path) -> None:
    """Write `model.json` into `folder`."""
    text = json.dumps(description.to_json(), indent=1, ensure_ascii=False)
    (folder / DESCRIPTION_NAME).write_text(text + "\n", encoding="utf-8")


def read_description(folder: pathlib.Path) -> ModelDescription:
    """Return what `model.json` in `folder` says; raises ModelUnusable where it says nothing usable."""
    path = folder / DESCRIPTION_NAME
    try:
        return _parse(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise _refuse(path, error) from error


def build_metadata(description: ModelDescription) -> dict[str, str]:
    """Return the description as an ONNX file carries it: one entry a field, each the JSON of its value."""
    return {
        f"{METADATA_PREFIX}{key}": json.dumps(value, ensure_ascii=False) for key, value in description.to_json().items()
    }


def parse_metadata(metadata: Mapping[str, str], path: pathlib.Path) -> ModelDescription:
    """Return what the ONNX file at `path` says about itself; raises ModelUnusable as `read_description` does."""
    prefix = METADATA_PREFIX
    try:
        found = {key.removeprefix(prefix): json.loads(text) for key, text in metadata.items() if key.startswith(prefix)}
        return _parse(found)
    except (ValueError, KeyError, TypeError) as error:
        raise _refuse(path, error) from error


def _parse(found: dict[str, Any]) -> ModelDescription:
    """Return the description in what any version wrote; a word that changes what the model answers must be known."""
    preprocessing = keep_known(Preprocessing, found["preprocessing"])
    for key in ("mean", "deviation"):
        preprocessing[key] = tuple(float(value) for value in preprocessing[key])
    for key, only in _KNOWN_WORDS.items():
        if preprocessing.get(key, only) != only:
            raise ValueError(f"preprocessing.{key} is {preprocessing[key]!r}, and this version knows {only!r} only")
    own = {
        "task": Task(found["task"]),
        "labels": tuple(found["labels"]),
        "preprocessing": Preprocessing(**preprocessing),
    }
    return ModelDescription(**{**keep_known(ModelDescription, found), **own})


def _refuse(path: pathlib.Path, error: Exception) -> ModelUnusable:
    said = f"{type(error).__name__}: {error}"
    return ModelUnusable(f"model: {path} describes no model that Darkroom {read_version()} can use ({said})")
