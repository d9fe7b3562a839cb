"""The files of a Prediction: their form, their order, and previews."""

import json
import pathlib

import numpy as np
import pytest

from darkroom_api.v1alpha1.common import Task
from darkroom_api.v1alpha1.prediction import PredictionFormat
from darkroom_predict.predictions import Prediction
from darkroom_storage.objects import Storage
from darkroom_trainer.data.coco.documents import parse_coco
from darkroom_trainer.data.records.findings import Findings
from darkroom_trainer.prediction.prelabelling.answer_files import write_files
from darkroom_trainer.prediction.prelabelling.kept_answers import ImageAnswer, KeptAnswers
from tests.support.models import a_description
from tests.unit.predict.onnx_files import DESCRIPTION
from tests.unit.trainer.prediction_runs import an_answer

ALL = tuple(PredictionFormat)


def keep(folder: pathlib.Path, *answers: ImageAnswer) -> KeptAnswers:
    kept = KeptAnswers(folder / "answers")
    for answer in answers:
        kept.add(answer)
    return kept


def a_boxed_answer() -> ImageAnswer:
    boxes = np.array([[0.1, 0.2, 0.3, 0.4], [0.5, 0.5, 0.25, 0.25]], dtype=np.float32)
    said = Prediction(np.array([2, 0]), np.array([0.9, 0.5], dtype=np.float32), boxes)
    return ImageAnswer("shelf 1.jpg", "s3://vision/shelf 1.jpg", (200, 100), said, 0.25)


@pytest.fixture
def nowhere(storage: Storage) -> Storage:
    """Return a storage in which no image lies, so that there are no previews."""
    return storage


def test_labels_to_review_stand_in_the_order_of_review(nowhere: Storage, tmp_path: pathlib.Path) -> None:
    answers = keep(tmp_path, an_answer("sure.png", 0.1, red=0.9, blue=0.1), an_answer("unsure.png", 0.8))
    write_files(tmp_path, answers, DESCRIPTION, ALL, nowhere)
    assert json.loads((tmp_path / "prelabels.json").read_text()) == {
        "images": [
            {
                "id": 1, "width": 40, "height": 30, "file_name": "unsure.png",
                "absolute_url": "s3://vision/unsure.png", "review": "pending", "uncertainty": 0.8,
                "label_by_hand": True,
            },
            {
                "id": 2, "width": 40, "height": 30, "file_name": "sure.png", "absolute_url": "s3://vision/sure.png",
                "review": "pending", "uncertainty": 0.1,
            },
        ],
        "annotations": [{"id": 1, "image_id": 2, "category_id": 1, "score": 0.9}],
        "categories": [{"id": 1, "name": "red"}, {"id": 2, "name": "green"}, {"id": 3, "name": "blue"}],
    }  # fmt: skip


def test_boxes_are_relative_and_come_with_their_scores(nowhere: Storage, tmp_path: pathlib.Path) -> None:
    model = a_description(Task.DETECTOR)
    write_files(tmp_path, keep(tmp_path, a_boxed_answer()), model, ALL, nowhere)
    document = json.loads((tmp_path / "prelabels.json").read_text())
    assert [annotation["bbox"] for annotation in document["annotations"]] == [
        pytest.approx([0.1, 0.2, 0.3, 0.4]), [0.5, 0.5, 0.25, 0.25],
    ]  # fmt: skip
    assert [(one["category_id"], one["score"]) for one in document["annotations"]] == [(3, 0.9), (1, 0.5)]
    findings = Findings()
    parsed = parse_coco((tmp_path / "prelabels.json").read_bytes(), "prelabels.json", findings)
    assert parsed is not None
    assert (parsed.images[0].review, findings.problem_count) == ("pending", 0)


def test_tasks_of_label_studio_carry_the_same_labels_in_percent(nowhere: Storage, tmp_path: pathlib.Path) -> None:
    model = a_description(Task.DETECTOR)
    write_files(tmp_path, keep(tmp_path, a_boxed_answer()), model, ALL, nowhere)
    (task,) = json.loads((tmp_path / "tasks.json").read_text())
    assert task["data"]["image"] == "s3://vision/shelf 1.jpg"
    assert task["data"]["darkroom_image_id"] == 1
    (said,) = task["predictions"]
    assert said["model_version"] == model.version
    found = [(item["value"]["rectanglelabels"], item["value"]["x"], item["value"]["width"]) for item in said["result"]]
    assert found == [([model.labels[2]], 10.0, 30.0), ([model.labels[0]], 50.0, 25.0)]


def test_a_line_for_each_image_says_what_darkroom_predict_does(nowhere: Storage, tmp_path: pathlib.Path) -> None:
    answers = keep(tmp_path, an_answer("a.png", 0.1, red=0.9, blue=0.1), an_answer("b.png", 0.8))
    write_files(tmp_path, answers, DESCRIPTION, (PredictionFormat.JSON,), nowhere)
    lines = [json.loads(line) for line in (tmp_path / "predictions.jsonl").read_text().splitlines()]
    assert [line["image"] for line in lines] == ["s3://vision/b.png", "s3://vision/a.png"]
    assert lines[1]["customModelResult"]["tagsResult"]["values"] == [
        {"name": "red", "confidence": 0.9}, {"name": "blue", "confidence": 0.1},
    ]  # fmt: skip


WRITTEN = {
    "all formats": (ALL, ["prelabels.json", "tasks.json", "predictions.jsonl"]),
    "tasks alone": ((PredictionFormat.LABEL_STUDIO,), ["tasks.json"]),
}


@pytest.mark.parametrize(("formats", "names"), WRITTEN.values(), ids=WRITTEN.keys())
@pytest.mark.parametrize("count", [0, 2])
def test_files_are_written_of_the_formats_that_are_asked_for(
    formats: tuple[PredictionFormat, ...], names: list[str], count: int, nowhere: Storage, tmp_path: pathlib.Path
) -> None:
    answers = keep(tmp_path, *(an_answer(f"{number}.png", red=0.9) for number in range(count)))
    assert write_files(tmp_path, answers, DESCRIPTION, formats, nowhere) == names
    for name in names:
        lines = (tmp_path / name).read_text().splitlines() if name.endswith("l") else [(tmp_path / name).read_text()]
        assert all(json.loads(line) is not None for line in lines)


def test_an_address_keeps_no_token(nowhere: Storage, tmp_path: pathlib.Path) -> None:
    answer = ImageAnswer("a.png", "https://web.test/a.png?sig=c2VjcmV0", (4, 3), an_answer().prediction, 0.5)
    names = write_files(tmp_path, keep(tmp_path, answer), DESCRIPTION, ALL, nowhere)
    assert all("c2VjcmV0" not in (tmp_path / name).read_text() for name in names)
