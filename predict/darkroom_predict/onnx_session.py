"""An exported model run by onnxruntime, described by its own metadata.

Owns how the file is opened. Must not import torch: this is all that `darkroom predict` needs of a model.
"""

import pathlib
from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import onnxruntime

from darkroom_predict.errors import ModelUnusable
from darkroom_predict.images import Pixels
from darkroom_predict.predictions import Floats

INPUT_NAME: Final = "images"
OUTPUT_NAME: Final = "outputs"
_FATAL: Final = 4
"""onnxruntime's level of messages: what goes wrong is raised as well, and people read one sentence of ours."""


def share_arena(num_bytes: int) -> None:
    """Let models of this process that are opened `in_arena` compute in at most `num_bytes` together.

    A graph may ask for tensors of any size, whatever the size of its file: beyond this it fails, and the process lives.
    """
    runtime: Any = onnxruntime
    place = runtime.OrtMemoryInfo("Cpu", runtime.OrtAllocatorType.ORT_ARENA_ALLOCATOR, 0, runtime.OrtMemType.DEFAULT)
    runtime.create_and_register_allocator(place, runtime.OrtArenaCfg({"max_mem": num_bytes}))


class OnnxModel:
    """An open ONNX file: maps images to a task's raw outputs."""

    def __init__(self, path: pathlib.Path, threads: int | None = None, *, in_arena: bool = False) -> None:
        """Open `path`, to compute with `threads` (all cores when None), `in_arena` in what `share_arena` has set.

        Raises ModelUnusable where it is no model with our input and output.
        """
        options: Any = onnxruntime.SessionOptions()
        options.log_severity_level = _FATAL
        options.intra_op_num_threads = threads or 0
        options.inter_op_num_threads = 1
        options.add_session_config_entry("session.use_env_allocators", "1" if in_arena else "0")
        try:
            self._session: Any = onnxruntime.InferenceSession(
                str(path),
                options,
                providers=["CPUExecutionProvider"],
                # Its constants would be computed at once, and not in the arena.
                **({"disabled_optimizers": ["ConstantFolding"]} if in_arena else {}),
            )
            self.metadata: Mapping[str, str] = self._session.get_modelmeta().custom_metadata_map
            names = ([node.name for node in self._session.get_inputs()], self._session.get_outputs()[0].name)
        except Exception as error:  # onnxruntime's errors share no base class
            message = f"model: {path} is no ONNX model that onnxruntime can run: {str(error)[:200]}"
            raise ModelUnusable(message) from error
        if names != ([INPUT_NAME], OUTPUT_NAME):
            message = f"model: {path} was not made by Darkroom: its input and output are {names}"
            raise ModelUnusable(message)

    def run(self, images: Floats) -> Floats:
        """Return the raw outputs for `images` (B, 3, S, S) in [0, 1]; raises ModelUnusable where it cannot compute."""
        try:
            outputs: Floats = self._session.run([OUTPUT_NAME], {INPUT_NAME: images})[0]
        except Exception as error:  # onnxruntime's errors share no base class
            raise ModelUnusable(f"model: its graph fails, or takes too much memory: {str(error)[:200]}") from error
        return outputs


def build_input(pixels: Pixels) -> Floats:
    """Return decoded images (B, S, S, 3) as (B, 3, S, S) in [0, 1]."""
    return np.ascontiguousarray(pixels.transpose(0, 3, 1, 2), dtype=np.float32) / np.float32(255)
