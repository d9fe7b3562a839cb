"""The files of a Prediction: labels to review as COCO, tasks of Label Studio, and what the model says of each image.

Owns their names and the order, which is that of review. Each is written as it is made: memory holds one image. Must not
upload them.
"""

import itertools
import json
import pathlib
from collections.abc import Collection, Iterable, Iterator
from typing import Any, Final

from darkroom_api.v1alpha1.prediction import PredictionFormat
from darkroom_labels import coco_labels, label_studio
from darkroom_predict.answers import build_answer
from darkroom_predict.description import ModelDescription
from darkroom_storage.errors import display_uri
from darkroom_storage.objects import Storage
from darkroom_trainer.data import previews
from darkroom_trainer.prediction.prelabelling import preview_files
from darkroom_trainer.prediction.prelabelling.kept_answers import ImageAnswer, KeptAnswers
from darkroom_trainer.prediction.prelabelling.label_choice import choose_labels

COCO_NAME: Final = "prelabels.json"
TASKS_NAME: Final = "tasks.json"
LINES_NAME: Final = "predictions.jsonl"


def write_files(
    folder: pathlib.Path,
    answers: KeptAnswers,
    model: ModelDescription,
    formats: Collection[PredictionFormat],
    storage: Storage,
) -> list[str]:
    """Write the files of the formats into `folder`, and previews of the first images beside the COCO file.

    Returns their names. The images are in `storage`. Raises RunError(StorageUnavailable).
    """
    written = []
    if PredictionFormat.COCO in formats:
        written += preview_files.write_previews(folder, answers, storage)
        images = _Images(answers, model, frozenset(written))
        _write(folder / COCO_NAME, coco_labels.iterate_document(model.labels, images))
        written.append(COCO_NAME)
    if PredictionFormat.LABEL_STUDIO in formats:
        tasks = (json.dumps(task, ensure_ascii=False) for task in _build_tasks(answers, model))
        _write(folder / TASKS_NAME, itertools.chain(["[\n"], _join(tasks), ["\n]\n"]))
        written.append(TASKS_NAME)
    if PredictionFormat.JSON in formats:
        lines = (json.dumps(_build_line(answer, model), ensure_ascii=False) + "\n" for answer in answers)
        _write(folder / LINES_NAME, lines)
        written.append(LINES_NAME)
    return written


def _write(path: pathlib.Path, parts: Iterable[str]) -> None:
    # A lone surrogate has no UTF-8; as an escape it is still JSON.
    with path.open("w", encoding="utf-8", errors="backslashreplace") as file:
        file.writelines(parts)


def _join(texts: Iterable[str]) -> Iterator[str]:
    for number, text in enumerate(texts):
        yield f",\n{text}" if number else text


class _Images:
    """The answered images as they stand in a COCO file, read anew whenever they are asked for."""

    def __init__(self, answers: KeptAnswers, model: ModelDescription, preview_names: frozenset[str]) -> None:
        self._answers = answers
        self._model = model
        self._preview_names = preview_names

    def __iter__(self) -> Iterator[coco_labels.LabelledImage]:
        for number, answer in enumerate(self._answers, start=1):
            name = previews.name_preview(number)
            yield build_image(answer, self._model, name if name in self._preview_names else None)


def build_image(answer: ImageAnswer, model: ModelDescription, preview: str | None = None) -> coco_labels.LabelledImage:
    """Return an answered image with what the model proposes as its labels."""
    chosen = choose_labels(model.task, answer.prediction)
    boxes = [tuple(box) for box in chosen.boxes.tolist()] if model.task.has_boxes else [None] * len(chosen.labels)
    return coco_labels.LabelledImage(
        width=answer.size_px[0],
        height=answer.size_px[1],
        file_name=answer.file,
        absolute_url=display_uri(answer.uri),
        labels=tuple(
            coco_labels.Label(model.labels[label], box, float(score))
            for label, box, score in zip(chosen.labels, boxes, chosen.scores, strict=True)
        ),
        review=coco_labels.Review.PENDING,
        uncertainty=answer.uncertainty,
        label_by_hand=not len(chosen.labels),
        preview=preview,
    )


def _build_tasks(answers: KeptAnswers, model: ModelDescription) -> Iterator[dict[str, Any]]:
    control = label_studio.build_control(model.task, model.labels)
    numbers = {tag: number for number, tag in enumerate(model.labels, start=1)}
    for number, answer in enumerate(answers, start=1):
        chosen = choose_labels(model.task, answer.prediction)
        said = label_studio.build_prediction(control, chosen, model.labels, answer.size_px, model.version)
        yield label_studio.build_task(build_image(answer, model), number, numbers, said)


def _build_line(answer: ImageAnswer, model: ModelDescription) -> dict[str, Any]:
    said = build_answer(model.task, answer.prediction, model.labels, answer.size_px, model.version)
    return {"image": display_uri(answer.uri), **said}
