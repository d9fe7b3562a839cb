"""Candidates answered in batches: what is passed over, counted and named."""

import pathlib
import threading
from collections.abc import Sequence

import numpy as np
import pytest

from darkroom_api.conditions import Reason
from darkroom_predict.onnx_predictor import OnnxPredictor
from darkroom_predict.predictions import Prediction
from darkroom_trainer.prediction.prelabelling import answering
from darkroom_trainer.prediction.prelabelling.answering import answer_images
from darkroom_trainer.prediction.prelabelling.choosing import choose_images
from darkroom_trainer.prediction.prelabelling.kept_answers import KeptAnswers
from darkroom_trainer.prediction.prelabelling.tally import Tally
from darkroom_trainer.runtime.errors import RunError
from darkroom_trainer.runtime.reporting import SilentReporter
from darkroom_trainer.runtime.stopping import RunStopped, StoppingReporter
from tests.unit.trainer.prediction_runs import (
    BLUE,
    GREEN,
    GREY,
    RED,
    a_labelled_dataset,
    a_prediction,
    open_model,
    paint,
    write_labels,
    write_pictures,
)


@pytest.fixture
def model(tmp_path: pathlib.Path) -> OnnxPredictor:
    return open_model(tmp_path / "model")


def answer(
    model: OnnxPredictor,
    pictures: dict[str, bytes],
    folder: pathlib.Path,
    tags: dict[str, str | None] | None = None,
    threshold: float = 0.0,
    stop: threading.Event | None = None,
) -> tuple[KeptAnswers, Tally]:
    stop = stop or threading.Event()
    reporter = StoppingReporter(SilentReporter(), stop)
    known = a_labelled_dataset(*([write_labels(folder / "in", tags)] if tags else []))
    config = a_prediction(None, known, images=write_pictures(folder / "in", pictures))
    chosen = choose_images(config, folder, SilentReporter(), stop)
    return answer_images(chosen, model, threshold, folder, reporter)


def list_tags(model: OnnxPredictor, answers: KeptAnswers) -> dict[str, Sequence[str]]:
    return {one.file: [model.description.labels[label] for label in one.prediction.labels] for one in answers}


def test_each_image_is_answered_upright_and_the_most_unsure_comes_first(
    model: OnnxPredictor, tmp_path: pathlib.Path
) -> None:
    turned = paint(BLUE, 40, 30, "JPEG", exif=_turn())
    answers, tally = answer(
        model, {"1.png": paint(RED), "2.png": paint(GREY), "3.jpg": turned}, tmp_path, threshold=0.5
    )
    assert list_tags(model, answers) == {"2.png": [], "1.png": ["red"], "3.jpg": ["blue"]}
    (first, *_), sizes = answers, {one.file: one.size_px for one in answers}
    assert first.file == "2.png"
    assert first.uncertainty == pytest.approx(1.0, abs=1e-4)
    assert sizes["3.jpg"] == (30, 40)
    assert (tally.answered, tally.objects, tally.below_threshold) == (3, 2, 1)


def _turn() -> bytes:
    from PIL import Image

    exif = Image.Exif()
    exif[0x0112] = 6
    return exif.tobytes()


def test_copies_of_labelled_images_are_passed_over(model: OnnxPredictor, tmp_path: pathlib.Path) -> None:
    pictures = {"known.png": paint(RED), "copy.png": paint(RED), "new.png": paint(GREEN), "else.png": paint(BLUE, 41)}
    answers, tally = answer(model, pictures, tmp_path, {"known.png": "red", "gone.png": "green"})
    assert sorted(list_tags(model, answers)) == ["else.png", "new.png"]
    assert (tally.answered, tally.already_labelled) == (2, 1)


def test_images_that_cannot_be_read_are_counted_and_named_and_the_others_answered(
    model: OnnxPredictor, tmp_path: pathlib.Path
) -> None:
    pictures = {
        "a.png": b"", "b.png": b"", "c.png": paint(RED)[:60], "d.heic": b"\0\0\0\x18ftypheic", "ok.png": paint(RED),
    }  # fmt: skip
    answers, tally = answer(model, pictures, tmp_path)
    assert sorted(list_tags(model, answers)) == ["ok.png"]
    assert tally.unreadable.problem_count == 4
    said = {problem.subject: problem.message for problem in tally.problems}
    assert said["a.png and 1 more"] == "is empty (0 bytes); upload it again" or "b.png and 1 more" in said
    assert said["c.png"].startswith("is truncated or damaged")
    assert "it is a HEIC picture; save it as JPEG or PNG" in said["d.heic"]


def test_a_folder_of_which_nothing_can_be_read_ends_the_run(model: OnnxPredictor, tmp_path: pathlib.Path) -> None:
    with pytest.raises(RunError) as caught:
        answer(model, {"a.png": b"", "b.png": b""}, tmp_path)
    assert caught.value.reason is Reason.DATASET_CORRUPT
    assert "images: none of the 2 images of file:" in caught.value.message
    assert "is empty (0 bytes)" in caught.value.message


@pytest.mark.parametrize("count", [1, 31, 32, 33, 64], ids=str)
def test_every_image_is_answered_once_whatever_a_batch_holds(
    count: int, model: OnnxPredictor, tmp_path: pathlib.Path
) -> None:
    pictures = {f"{number}.png": paint(RED, 20, 20) for number in range(count)}
    pictures |= {"0.png": b""} if count > 1 else {}
    answers, tally = answer(model, pictures, tmp_path)
    assert len(answers) == tally.answered == count - (count > 1)
    assert len({one.file for one in answers}) == tally.answered


def test_a_run_that_is_stopped_answers_no_further_image(
    model: OnnxPredictor, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop, seen = threading.Event(), list[int]()

    def predict(_self: object, pixels: "np.ndarray[tuple[int], np.dtype[np.uint8]]") -> list[Prediction]:
        stop.set()
        seen.append(len(pixels))
        return [Prediction(np.array([0]), np.array([0.5], np.float32), np.zeros((0, 4), np.float32))] * len(pixels)

    monkeypatch.setattr(OnnxPredictor, "predict", predict)
    monkeypatch.setattr("darkroom_trainer.data.sources.progress._REPORT_EVERY_SECONDS", 0.0)
    with pytest.raises(RunStopped):
        answer(model, {f"{number}.png": paint(RED) for number in range(100)}, tmp_path, stop=stop)
    assert seen == [answering.BATCH]
