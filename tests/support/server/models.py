"""Finished models made without torch, of each task: they tell red, green and blue on black pictures.

Owns no expectation. A classifier looks at the whole picture; a detector has four by four cells, and each cell of a
colour is one box.
"""

import hashlib
import io
import json
import pathlib
from datetime import UTC, datetime
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from PIL import Image

from darkroom_api.conditions import Reason, RunPhase
from darkroom_api.v1alpha1.common import Artifacts, Task
from darkroom_api.v1alpha1.model import ModelSpec, ModelStatus
from darkroom_predict import listing
from darkroom_predict.description import (
    DESCRIPTION_NAME,
    METADATA_PREFIX,
    ONNX_NAME,
    ModelDescription,
    Preprocessing,
    write_description,
)
from darkroom_server.backends.backend import Stored
from tests.support.server.parts import NAMESPACE, ModelFolders

LABELS = ("red", "green", "blue")
SIZE_PX = 32
CELLS = 4
_COLOURS = {"red": (255, 0, 0), "green": (0, 255, 0), "blue": (0, 0, 255), "black": (0, 0, 0)}


def write_model(folder: pathlib.Path, task: Task, labels: tuple[str, ...] = LABELS, salt: str = "") -> str:
    """Write a finished model's folder; returns the digest of its list. Another `salt` makes another digest."""
    folder.mkdir(parents=True, exist_ok=True)
    threshold = 0.3 if task.has_boxes else 0.0
    preprocessing = Preprocessing(SIZE_PX, (0.5,) * 3, (0.25,) * 3)
    described = ModelDescription(task, labels, "test", preprocessing, threshold, f"v1{salt}", "0.1.0")
    graph = _build_cells(task) if task.has_boxes else _build_tags()
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    metadata = {f"{METADATA_PREFIX}{key}": json.dumps(value) for key, value in described.to_json().items()}
    helper.set_model_props(model, metadata)
    onnx.save(model, str(folder / ONNX_NAME))
    write_description(described, folder)
    (folder / listing.LIST_NAME).write_text(listing.build_list(folder, [DESCRIPTION_NAME, ONNX_NAME]))
    return listing.check_files(folder, [ONNX_NAME]).digest


def inflate(path: pathlib.Path, num_bytes: int) -> None:
    """Let a model's graph fill a tensor of so many bytes before it answers; its file stays as small as it was."""
    model = onnx.load(str(path))
    shape = numpy_helper.from_array(np.asarray([num_bytes // 4], dtype=np.int64), "much")
    (last,) = [node for node in model.graph.node if "outputs" in node.output]
    last.output[0] = "answer"
    nodes = [
        helper.make_node("ConstantOfShape", ["much"], ["filled"]),
        helper.make_node("ReduceMean", ["filled"], ["zero"], axes=[0], keepdims=0),
        helper.make_node("Add", ["answer", "zero"], ["outputs"]),
    ]
    model.graph.node.extend(nodes)
    model.graph.initializer.append(shape)
    onnx.save(model, str(path))


def _build_tags() -> onnx.GraphProto:
    """Return a graph that gives each colour its mean, ten times."""
    nodes = [
        helper.make_node("ReduceMean", ["images"], ["means"], axes=[2, 3], keepdims=0),
        helper.make_node("Mul", ["means", "ten"], ["outputs"]),
    ]
    ten = numpy_helper.from_array(np.asarray(10, dtype=np.float32), "ten")
    return helper.make_graph(nodes, "tags", [_images()], [_outputs(3)], [ten])


def _build_cells(task: Task) -> onnx.GraphProto:
    """Return a graph that looks at each cell: its colour is the tag of a box of the cell's size."""
    products = task is Task.PRODUCT_RECOGNIZER
    pixels = SIZE_PX // CELLS
    channels = 10 if products else 7
    weights = np.zeros((channels, 3, pixels, pixels), dtype=np.float32)
    bias = np.zeros(channels, dtype=np.float32)
    bias[: 2 if products else 3] = -10
    # The logarithm of a side in cells; a detector's box is a little smaller, so that neighbours do not touch.
    bias[-2:] = 0 if products else -0.1
    for at, colour in enumerate((0, 2) if products else (0, 1, 2)):
        weights[at, colour] = 20 / pixels**2
    if products:
        weights[2, 2] = 2 / pixels**2  # the label of a blue cell is 2, of a red one 0
        bias[3:6] = 0.9, 1, 0.1  # the other name of each box is green
    shape = np.asarray([0, channels, CELLS * CELLS], dtype=np.int64)
    nodes = [
        helper.make_node("Conv", ["images", "weights", "bias"], ["cells"], strides=[pixels, pixels]),
        helper.make_node("Reshape", ["cells", "shape"], ["rows"]),
        helper.make_node("Transpose", ["rows"], ["outputs"], perm=[0, 2, 1]),
    ]
    constants = [
        numpy_helper.from_array(value, name) for name, value in (("weights", weights), ("bias", bias), ("shape", shape))
    ]
    return helper.make_graph(nodes, "cells", [_images()], [_outputs(CELLS * CELLS, channels)], constants)


def _images() -> Any:
    return helper.make_tensor_value_info("images", TensorProto.FLOAT, ["batch", 3, SIZE_PX, SIZE_PX])


def _outputs(*shape: int) -> Any:
    return helper.make_tensor_value_info("outputs", TensorProto.FLOAT, ["batch", *shape])


def draw(
    *cells: tuple[str, int, int], fill: str = "black", size_px: tuple[int, int] = (160, 80), form: str = "PNG"
) -> bytes:
    """Return a picture filled with a colour, with squares (colour, column, row) of the detector's cells."""
    picture = Image.new("RGB", size_px, _COLOURS[fill])
    width, height = size_px[0] // CELLS, size_px[1] // CELLS
    for colour, column, row in cells:
        picture.paste(_COLOURS[colour], (column * width, row * height, (column + 1) * width, (row + 1) * height))
    file = io.BytesIO()
    picture.save(file, form)
    return file.getvalue()


def a_stored_model(
    name: str = "fruit",
    task: Task = Task.CLASSIFIER,
    *,
    digest: str | None = "sha256:0",
    phase: RunPhase = RunPhase.SUCCEEDED,
    reason: Reason | None = None,
    namespace: str = NAMESPACE,
    annotations: dict[str, str] | None = None,
) -> Stored:
    """Return a Model as a back end gives it."""
    status = ModelStatus(
        phase=phase,
        reason=reason,
        message="it said so" if reason else None,
        artifacts=Artifacts(uri=f"s3://vision/{name}", digest=digest) if digest else None,
    )
    uid = hashlib.sha256(f"{namespace}/{name}".encode()).hexdigest()[:32]
    created = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    spec = ModelSpec(task=task, dataset="some", budget="1h")
    return Stored("Model", namespace, name, uid, "1", created, spec, status, {}, annotations or {})


def publish(backend: ModelFolders, folder: pathlib.Path, name: str, task: Task, salt: str = "") -> Stored:
    """Write a finished model below `folder` and let `backend` have it by `name`; returns it."""
    digest = write_model(folder / f"{name}{salt}", task, salt=salt)
    backend.folders[name] = folder / f"{name}{salt}"
    backend.models[name] = a_stored_model(name, task, digest=digest)
    return backend.models[name]
