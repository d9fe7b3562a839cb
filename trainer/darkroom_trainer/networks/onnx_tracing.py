"""How a module becomes an ONNX file: by tracing it on a few images.

Owns the exporter's settings. Must not know what a module is for.
"""

import contextlib
import logging
import pathlib
import warnings
from collections.abc import Iterator
from typing import Final

import torch
from torch import nn

from darkroom_predict.onnx_session import INPUT_NAME, OUTPUT_NAME

OPSET: Final = 17
"""The first with LayerNormalization, which transformers need; every onnxruntime since 2022 reads it."""
TRACED_BATCH: Final = 2
"""With a batch of one, a trace can take the batch for a dimension that is not there."""


def trace_module(module: nn.Module, size_px: int, path: pathlib.Path) -> None:
    """Write a module that takes images (B, 3, S, S) in float32 on the CPU; raises whatever its layers' code raises."""
    with _quiet():
        torch.onnx.export(
            module,
            (torch.rand(TRACED_BATCH, 3, size_px, size_px),),
            path,
            dynamo=False,
            opset_version=OPSET,
            input_names=[INPUT_NAME],
            output_names=[OUTPUT_NAME],
            dynamic_axes={INPUT_NAME: {0: "batch"}, OUTPUT_NAME: {0: "batch"}},
        )


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep the exporter's warnings (its age, traced branches) from the user; what counts is the check against torch."""
    logger = logging.getLogger("torch.onnx")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)
