"""Small pictures of the images that are reviewed first."""

import io
import json
import pathlib

import pytest
from PIL import Image

from darkroom_api.v1alpha1.prediction import PredictionFormat
from darkroom_storage.objects import Storage
from darkroom_trainer.prediction.prelabelling import preview_files
from darkroom_trainer.prediction.prelabelling.answer_files import write_files
from darkroom_trainer.prediction.prelabelling.kept_answers import KeptAnswers
from darkroom_trainer.prediction.prelabelling.preview_files import write_previews
from tests.unit.predict.onnx_files import DESCRIPTION
from tests.unit.trainer.prediction_runs import GREEN, RED, an_answer, paint


def test_the_first_images_of_the_review_have_previews(
    storage: Storage, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(preview_files, "MAX_PREVIEWS", 3)
    pictures = {
        "large.jpg": paint(GREEN, 1280, 640, "JPEG"), "small.png": paint(RED, 30, 20), "third.png": paint(RED),
    }  # fmt: skip
    for name, data in pictures.items():
        storage.write_bytes(f"s3://vision/{name}", data)
    order = {"small.png": 0.9, "gone.png": 0.8, "large.jpg": 0.7, "third.png": 0.6}
    answers = KeptAnswers(tmp_path / "answers")
    for name, uncertainty in order.items():
        answers.add(an_answer(name, uncertainty))
    assert write_previews(tmp_path, answers, storage) == ["previews/000001.jpg", "previews/000003.jpg"]
    shown = [Image.open(io.BytesIO((tmp_path / f"previews/00000{number}.jpg").read_bytes())) for number in (1, 3)]
    assert [picture.size for picture in shown] == [(30, 20), (640, 320)]
    assert [picture.format for picture in shown] == ["JPEG", "JPEG"]
    write_files(tmp_path, answers, DESCRIPTION, (PredictionFormat.COCO,), storage)
    images = json.loads((tmp_path / "prelabels.json").read_text())["images"]
    assert [image.get("preview") for image in images] == ["previews/000001.jpg", None, "previews/000003.jpg", None]
