"""Runs that answer images: a real model that needs no torch, coloured pictures, and the run's configuration."""

import io
import json
import pathlib
import threading
from typing import Any

import numpy as np
from PIL import Image

from darkroom_api.report import Outcome
from darkroom_api.run_config import (
    Command,
    DatasetSource,
    Location,
    PredictionOrder,
    ResourceReference,
    RunConfig,
    StorageAccess,
)
from darkroom_api.v1alpha1.common import AnnotationKind
from darkroom_predict import description, listing
from darkroom_predict.onnx_predictor import OnnxPredictor, open_onnx
from darkroom_predict.predictions import Prediction
from darkroom_trainer.commands import engine
from darkroom_trainer.prediction.prelabelling.kept_answers import ImageAnswer
from darkroom_trainer.runtime.reporting import SilentReporter
from tests.local_storage import LOCAL, a_local_place
from tests.unit.predict.onnx_files import DESCRIPTION, write_onnx

RED, GREEN, BLUE, GREY = (255, 0, 0), (0, 255, 0), (0, 0, 255), (128, 128, 128)
"""The model is sure of the first three, and does not know what to say of the last."""


def write_model(folder: pathlib.Path) -> Location:
    """Write a finished classifier of red, green and blue, of which a pure colour has a score of 0.58."""
    folder.mkdir(parents=True)
    description.write_description(DESCRIPTION, folder)
    write_onnx(folder / description.ONNX_NAME)
    names = [description.DESCRIPTION_NAME, description.ONNX_NAME]
    (folder / listing.LIST_NAME).write_text(listing.build_list(folder, names))
    return a_local_place(folder)


def open_model(folder: pathlib.Path) -> OnnxPredictor:
    """Return that classifier, written to `folder`."""
    write_model(folder)
    return open_onnx(folder / description.ONNX_NAME, threads=1)


def paint(color: tuple[int, int, int], width: int = 40, height: int = 30, form: str = "PNG", **options: Any) -> bytes:
    """Return a picture of one colour."""
    buffer = io.BytesIO()
    Image.new("RGB", (width, height), color).save(buffer, form, **options)
    return buffer.getvalue()


def write_pictures(folder: pathlib.Path, pictures: dict[str, bytes]) -> Location:
    """Write pictures by their names below `folder`."""
    for name, data in pictures.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return a_local_place(folder)


def write_labels(folder: pathlib.Path, tags: dict[str, str | None], **images: dict[str, Any]) -> str:
    """Write labelled.json with a tag for each image, None for none; `images` adds to an entry by its file's stem."""
    names = ("red", "green", "blue")
    coco = {
        "images": [
            {"id": number, "file_name": name, **images.get(pathlib.PurePosixPath(name).stem, {})}
            for number, name in enumerate(tags, start=1)
        ],
        "annotations": [
            {"id": number, "image_id": number, "category_id": names.index(tag) + 1}
            for number, tag in enumerate(tags.values(), start=1)
            if tag is not None
        ],
        "categories": [{"id": number, "name": name} for number, name in enumerate(names, start=1)],
    }
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "labelled.json").write_text(json.dumps(coco))
    return (folder / "labelled.json").as_uri()


def a_labelled_dataset(
    *files: str, kind: AnnotationKind = AnnotationKind.CLASSIFICATION, access: StorageAccess = LOCAL
) -> DatasetSource:
    """Return the Dataset of COCO files; without one, it is gone."""
    return DatasetSource(name="fruit", annotation_kind=kind, annotation_files=files, storage=access, revision="r1")


def a_prediction(
    model: Location | None, dataset: DatasetSource, output: Location | None = None, **order: Any
) -> RunConfig:
    """Return the configuration of a run that answers images; `order` is what its Prediction asks for."""
    return RunConfig(
        command=Command.PREDICT,
        resource=ResourceReference(kind="Prediction", namespace="vision", name="june", uid="u"),
        dataset=dataset,
        model=model,
        prediction=PredictionOrder(**order),
        output=output,
    )


def run_prediction(config: RunConfig, work: pathlib.Path, stop: threading.Event | None = None) -> Outcome:
    """Return how the run ends."""
    return engine.execute(config, work, SilentReporter(), stop)


def read_prelabels(folder: pathlib.Path) -> dict[str, Any]:
    """Return what prelabels.json in a folder holds."""
    document: dict[str, Any] = json.loads((folder / "prelabels.json").read_text())
    return document


def an_answer(file: str = "a.png", uncertainty: float = 0.5, **guesses: float) -> ImageAnswer:
    """Return an answer of the classifier of red, green and blue, with a score for each tag that it gives."""
    labels = [DESCRIPTION.labels.index(tag) for tag in guesses]
    scores = np.array([*guesses.values()], dtype=np.float32)
    prediction = Prediction(np.array(labels, dtype=np.int64), scores, np.zeros((0, 4), np.float32))
    return ImageAnswer(file, f"s3://vision/{file}", (40, 30), prediction, uncertainty)
