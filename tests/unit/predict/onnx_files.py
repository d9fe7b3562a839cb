"""A classifier as an ONNX file, made without torch: each tag's score is the mean of one colour.

Owns no expectation.
"""

import json
import pathlib
from typing import Any

import onnx
from onnx import TensorProto, helper

from darkroom_api.v1alpha1.common import Task
from darkroom_predict.description import METADATA_PREFIX, ModelDescription, Preprocessing

SIZE_PX = 4
DESCRIPTION = ModelDescription(
    task=Task.CLASSIFIER,
    labels=("red", "green", "blue"),
    backbone="test_resnet",
    preprocessing=Preprocessing(SIZE_PX, (0.5,) * 3, (0.25,) * 3),
    threshold=0.0,
    version="abc",
    darkroom_version="1.0",
)


def write_onnx(path: pathlib.Path, content: dict[str, Any] | None = None) -> pathlib.Path:
    """Write the file, with the description or another content in its metadata."""
    node = helper.make_node("ReduceMean", ["images"], ["outputs"], axes=[2, 3], keepdims=0)
    images = helper.make_tensor_value_info("images", TensorProto.FLOAT, ["batch", 3, SIZE_PX, SIZE_PX])
    outputs = helper.make_tensor_value_info("outputs", TensorProto.FLOAT, ["batch", 3])
    graph = helper.make_graph([node], "colours", [images], [outputs])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    described = DESCRIPTION.to_json() if content is None else content
    helper.set_model_props(model, {f"{METADATA_PREFIX}{key}": json.dumps(value) for key, value in described.items()})
    onnx.save(model, str(path))
    return path
