"""A finished model as one ONNX file that needs nothing beside it: normalisation inside, description in its metadata.

Owns the file's form: input `images` (B, 3, S, S) float32 RGB in [0, 1], output `outputs`, the task's raw numbers. Must
not change the model that it is given, measure, or print.
"""

import copy
import pathlib

import onnx
import torch
from torch import nn

from darkroom_predict.description import ModelDescription, build_metadata
from darkroom_trainer.features.normalization import normalize
from darkroom_trainer.networks import onnx_tracing


class ExportFailed(Exception):
    """A model that cannot be written as ONNX; the text says why. The model itself is as good as before."""


class PortableModel(nn.Module):
    """A model with its normalisation, in float32 on the CPU: what the ONNX file holds."""

    mean: torch.Tensor
    std: torch.Tensor

    def __init__(self, model: nn.Module, description: ModelDescription) -> None:
        super().__init__()
        self.model = _copy_model(model)
        preprocessing = description.preprocessing
        self.register_buffer("mean", torch.tensor(preprocessing.mean).view(1, 3, 1, 1))
        self.register_buffer("std", torch.tensor(preprocessing.deviation).view(1, 3, 1, 1))
        self.eval()

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Return the raw outputs for images in [0, 1]."""
        outputs: torch.Tensor = self.model(normalize(images, self.mean, self.std))
        return outputs


def _copy_model(model: nn.Module) -> nn.Module:
    copied = copy.deepcopy(model)
    return copied.to("cpu", dtype=torch.float32, memory_format=torch.contiguous_format)  # type: ignore[call-overload, no-any-return]


def export_onnx(portable: PortableModel, description: ModelDescription, path: pathlib.Path) -> None:
    """Write the model to `path`, for any batch size; raises ExportFailed, and leaves no half file.

    A tenth of a second for a tiny network, about a second for one of 10 million parameters (one thread).
    """
    part = path.with_suffix(".part")
    try:
        onnx_tracing.trace_module(portable, description.preprocessing.image_size_px, part)
        part.write_bytes(_add_metadata(part.read_bytes(), description))
    except Exception as error:  # tracing runs any layer's code, and a model is worth more than its copy
        part.unlink(missing_ok=True)
        raise ExportFailed(f"{type(error).__name__}: {str(error)[:300]}") from error
    part.replace(path)


def _add_metadata(data: bytes, description: ModelDescription) -> bytes:
    exported = onnx.load_model_from_string(data)
    exported.producer_name, exported.producer_version = "darkroom", description.darkroom_version
    exported.doc_string = f"Darkroom {description.task.value} {description.version}"
    onnx.helper.set_model_props(exported, build_metadata(description))
    return bytes(exported.SerializeToString())
