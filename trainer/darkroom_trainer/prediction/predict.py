"""`darkroom predict`: what a model folder says about image files, as the replaced service answered, and as a picture.

Owns what a person sees of it: JSON on standard output, errors on standard error. Must not import torch before the
folder is known to hold a model and the images to decode.
"""

import json
import pathlib
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from PIL import Image

from darkroom_trainer.data.images import ImageProblem, open_picture
from darkroom_trainer.errors import RunError
from darkroom_trainer.export import answers, artifacts, description, picture
from darkroom_trainer.tasks.predictions import Prediction, keep_best_of_stacked

if TYPE_CHECKING:
    from darkroom_trainer.prediction.predictor import Predictor


def load_predictor(model_dir: pathlib.Path) -> "Predictor":
    """Return the model of a folder after checking its files' SHA-256; raises RunError naming what is wrong."""
    artifacts.check_files(model_dir, [description.DESCRIPTION_NAME, description.WEIGHTS_NAME])
    found = description.read_description(model_dir)
    from darkroom_trainer.device import prepare_device
    from darkroom_trainer.prediction import predictor

    return predictor.build_predictor(model_dir, found, prepare_device())


def run_predict(model_dir: pathlib.Path, images: list[pathlib.Path], picture: pathlib.Path | None) -> int:
    """Print one JSON answer an image, and draw them into `picture`; returns 0, or 1 after saying what is wrong."""
    try:
        pictures = [_open(path) for path in images]
        predictor = load_predictor(model_dir)
    except (RunError, ImageProblem) as error:
        print(f"darkroom predict: {error}", file=sys.stderr)
        return 1
    predictions = predictor.predict(pictures) if pictures else []
    shown = [keep_best_of_stacked(prediction, predictor.description.threshold) for prediction in predictions]
    for path, opened, prediction in zip(images, pictures, shown, strict=True):
        found = predictor.description
        answer = answers.build_answer(found.task, prediction, found.labels, opened.size, found.version)
        print(json.dumps({"image": str(path), **answer}, ensure_ascii=False))
    return 0 if picture is None else _draw(picture, predictor.description, images, shown)


def _open(path: pathlib.Path) -> Image.Image:
    try:
        return open_picture(path.read_bytes())
    except ImageProblem as error:
        raise ImageProblem(f"image {path}: it {error}") from error
    except OSError as error:
        raise ImageProblem(f"image {path}: {error.strerror or error}") from error


def _draw(
    path: pathlib.Path,
    model: description.ModelDescription,
    images: Sequence[pathlib.Path],
    predictions: Sequence[Prediction],
) -> int:
    samples = [picture.Sample(image, prediction) for image, prediction in zip(images, predictions, strict=True)]
    title = f"{model.task.value} {model.version}: {len(images)} image{'s' if len(images) != 1 else ''}"
    form = picture.choose_form(model.task)
    page = picture.draw_samples(samples, model.labels, title, threshold=model.threshold, form=form)
    try:
        picture.save_picture(page, path)
    except (OSError, ValueError) as error:
        print(f"darkroom predict: --picture {path}: {error}", file=sys.stderr)
        return 1
    return 0
