"""`darkroom predict`: what a model says about image files, as the replaced service answered, and as a picture.

Owns what a person sees of it: JSON on standard output, errors on standard error. Must not import torch.
"""

import contextlib
import json
import pathlib
import sys
from collections.abc import Iterator, Sequence
from typing import Any, Final

import numpy as np

from darkroom_predict import answers, description, images as image_data, picture, resizing
from darkroom_predict.errors import ModelUnusable
from darkroom_predict.loading import OpenWeights, Predictor, open_predictor
from darkroom_predict.predictions import Prediction, keep_best_of_stacked

CHUNK: Final = 64
"""Images that are decoded before the model sees them."""


def run_predict(
    model: pathlib.Path,
    images: list[pathlib.Path],
    picture: pathlib.Path | None,
    threads: int | None = None,
    open_weights: OpenWeights | None = None,
) -> int:
    """Print one JSON answer an image, and draw them into `picture`; returns 0, or 1 after saying what is wrong.

    `model` is a finished model's folder or its ONNX file. All images are looked at before the first answer.
    `open_weights` opens a folder without an ONNX file, where torch is installed.
    """
    shown: list[Prediction] = []
    try:
        sizes = [_measure(path) for path in images]
        predictor = open_predictor(model, threads, open_weights)
        for path, size, prediction in zip(images, sizes, predict_files(predictor, images), strict=True):
            shown.append(keep_best_of_stacked(prediction, predictor.description.threshold))
            print(json.dumps(_build_line(predictor.description, path, size, shown[-1]), ensure_ascii=False))
    except (ModelUnusable, image_data.ImageProblem) as error:
        print(f"darkroom predict: {error}", file=sys.stderr)
        return 1
    return 0 if picture is None else _draw(picture, predictor.description, images, shown)


@contextlib.contextmanager
def _named(path: pathlib.Path) -> Iterator[None]:
    """Put the image's name before what is wrong with it."""
    try:
        yield
    except image_data.ImageProblem as error:
        raise image_data.ImageProblem(f"image {path}: it {error}") from error
    except OSError as error:
        raise image_data.ImageProblem(f"image {path}: {error.strerror or error}") from error


def _measure(path: pathlib.Path) -> image_data.ImageSize:
    with _named(path):
        return image_data.measure_picture(path.read_bytes())


def decode_image(path: pathlib.Path, size_px: int) -> image_data.Pixels:
    """Return an image file as a model sees it (S, S, 3); raises ImageProblem naming the file."""
    with _named(path):
        return resizing.decode_file(path, size_px)


def predict_files(predictor: Predictor, images: Sequence[pathlib.Path]) -> Iterator[Prediction]:
    """Yield one Prediction for each image file; raises ImageProblem naming the file."""
    size_px = predictor.description.preprocessing.image_size_px
    for start in range(0, len(images), CHUNK):
        yield from predictor.predict(np.stack([decode_image(path, size_px) for path in images[start : start + CHUNK]]))


def _build_line(
    model: description.ModelDescription, path: pathlib.Path, size: image_data.ImageSize, prediction: Prediction
) -> dict[str, Any]:
    answer = answers.build_answer(model.task, prediction, model.labels, (size.width, size.height), model.version)
    return {"image": str(path), **answer}


def _draw(
    path: pathlib.Path,
    model: description.ModelDescription,
    images: Sequence[pathlib.Path],
    predictions: Sequence[Prediction],
) -> int:
    title = f"{model.task.value} {model.version}: {len(images)} image{'s' if len(images) != 1 else ''}"
    form = picture.choose_form(model.task)
    samples = [picture.Sample(image, prediction) for image, prediction in zip(images, predictions, strict=True)]
    page = picture.draw_samples(samples, model.labels, title, threshold=model.threshold, form=form)
    assert page is not None, "the command takes at least one image"
    try:
        picture.save_picture(page, path)
    except (OSError, ValueError) as error:
        print(f"darkroom predict: --picture {path}: {error}", file=sys.stderr)
        return 1
    return 0
