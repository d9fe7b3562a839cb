"""Candidates as the model sees them."""

import pathlib
import threading

from darkroom_predict.images import ImageProblem
from darkroom_trainer.prediction.prelabelling.choosing import choose_images
from darkroom_trainer.prediction.prelabelling.reading import DecodedImage, read_candidates
from darkroom_trainer.runtime.reporting import SilentReporter
from tests.unit.trainer.prediction_runs import (
    GREEN,
    RED,
    a_labelled_dataset,
    a_prediction,
    paint,
    write_labels,
    write_pictures,
)


def test_each_is_decoded_at_the_models_size_but_copies_and_what_is_no_picture(tmp_path: pathlib.Path) -> None:
    pictures = {"1.png": paint(RED), "copy.png": paint(RED), "new.png": paint(GREEN, 41, 31), "text.png": b"text"}
    dataset = a_labelled_dataset(write_labels(tmp_path / "in", {"1.png": "red", "2.png": "green"}))
    config = a_prediction(None, dataset, images=write_pictures(tmp_path / "in", pictures))
    chosen = choose_images(config, tmp_path, SilentReporter(), threading.Event())
    found = {candidate.file: read for candidate, read in read_candidates(chosen, 8)}
    assert found.keys() == {"copy.png", "new.png", "text.png"}
    assert found["copy.png"] is None
    assert isinstance(found["text.png"], ImageProblem)
    new = found["new.png"]
    assert isinstance(new, DecodedImage)
    assert (new.size.width, new.size.height, new.pixels.shape) == (41, 31, (8, 8, 3))
    assert new.uri == (tmp_path / "in" / "new.png").as_uri()
