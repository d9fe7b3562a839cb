"""What a model says about many images, kept on disk and read back in the order of review: the most unsure first.

Memory holds two numbers for an image. Must not decide what is shown of an answer.
"""

import json
import pathlib
from array import array
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from darkroom_predict.predictions import OtherTags, Prediction


@dataclass(frozen=True)
class ImageAnswer:
    """An image by its name and address, with its upright size in pixels and what the model says from the threshold."""

    file: str
    uri: str
    size_px: tuple[int, int]
    prediction: Prediction
    uncertainty: float


class KeptAnswers:
    """Answers in a file, added to first, then read as often as wanted."""

    def __init__(self, path: pathlib.Path) -> None:
        self._path = path
        self._file = path.open("wb")
        self._places = array("q")
        self._uncertainties = array("d")

    def add(self, answer: ImageAnswer) -> None:
        """Keep one; of two that are as unsure, the one that came first is read first."""
        self._places.append(self._file.tell())
        self._uncertainties.append(answer.uncertainty)
        self._file.write(_encode(answer))

    def __len__(self) -> int:
        return len(self._places)

    def __iter__(self) -> Iterator[ImageAnswer]:
        self._file.flush()
        order = np.argsort(-np.array(self._uncertainties), kind="stable")
        with self._path.open("rb") as file:
            for at in order:
                file.seek(self._places[at])
                yield _decode(file.readline())


def _encode(answer: ImageAnswer) -> bytes:
    said = answer.prediction
    columns = (said.labels.tolist(), said.scores.tolist(), said.boxes.tolist())
    others = said.others and (said.others.labels.tolist(), said.others.scores.tolist())
    return (json.dumps([answer.file, answer.uri, answer.size_px, answer.uncertainty, *columns, others]) + "\n").encode()


def _decode(line: bytes) -> ImageAnswer:
    file, uri, (width, height), uncertainty, labels, scores, boxes, others = json.loads(line)
    prediction = Prediction(
        np.array(labels, dtype=np.int64),
        np.array(scores, dtype=np.float32),
        np.array(boxes, dtype=np.float32).reshape(-1, 4),
        others
        and OtherTags(
            np.array(others[0], dtype=np.int64).reshape(len(labels), -1),
            np.array(others[1], dtype=np.float32).reshape(len(labels), -1),
        ),
    )
    return ImageAnswer(file, uri, (width, height), prediction, uncertainty)
