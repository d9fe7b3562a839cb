"""Versions of a served model: the same network with other weights, and what each answers to each picture.

Owns the files of a version and its answers, as a bare session gives them. Must not publish anything.
"""

import json
import pathlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import onnx
from onnx import numpy_helper

from darkroom_predict.description import (
    DESCRIPTION_NAME,
    ONNX_NAME,
    build_metadata,
    read_description,
    write_description,
)
from darkroom_predict.listing import LIST_NAME, build_list, read_list
from darkroom_predict.onnx_predictor import open_onnx
from darkroom_server.prediction.looking import look
from darkroom_server.routes.analysis import build_analysis

STEP: Final = 0.02
"""By which the largest weights of two versions in a row differ: enough for other scores."""


@dataclass(frozen=True)
class Version:
    """One version of a model. `name` is what its answers call themselves."""

    model: str
    name: str
    folder: pathlib.Path
    digest: str
    answers: Sequence[Mapping[str, Any]]
    """To each picture."""


def write_version(base: pathlib.Path, model: str, number: int, folder: pathlib.Path, pictures: list[bytes]) -> Version:
    """Write version `number` of the finished model in `base` into `folder`."""
    folder.mkdir(parents=True)
    described = replace(read_description(base), version=f"{model}-{number}")
    content = onnx.load(str(base / ONNX_NAME))
    largest = max(content.graph.initializer, key=lambda weights: len(weights.raw_data))
    changed = numpy_helper.to_array(largest) * (1 + STEP * number)
    largest.CopyFrom(numpy_helper.from_array(changed.astype("float32"), largest.name))
    onnx.helper.set_model_props(content, build_metadata(described))
    onnx.save(content, str(folder / ONNX_NAME))
    write_description(described, folder)
    text = build_list(folder, [DESCRIPTION_NAME, ONNX_NAME])
    (folder / LIST_NAME).write_text(text)
    predictor = open_onnx(folder / ONNX_NAME, 1)
    answers = [json.loads(json.dumps(build_analysis(look(predictor, image), frozenset()))) for image in pictures]
    return Version(model, described.version, folder, read_list(text.encode()).digest, answers)
