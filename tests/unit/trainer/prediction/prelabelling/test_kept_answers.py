"""Answers on disk, read back in the order of review."""

import pathlib
from dataclasses import replace

import numpy as np

from darkroom_predict.predictions import OtherTags, Prediction
from darkroom_trainer.prediction.prelabelling.kept_answers import ImageAnswer, KeptAnswers
from tests.unit.trainer.prediction_runs import an_answer


def test_the_most_unsure_comes_first_and_of_two_alike_the_first_that_came(tmp_path: pathlib.Path) -> None:
    kept = KeptAnswers(tmp_path / "answers")
    for file, uncertainty in (("a", 0.2), ("b", 0.9), ("c", 0.2), ("d", 0.5)):
        kept.add(an_answer(file, uncertainty))
    assert len(kept) == 4
    assert [[answer.file for answer in kept] for _ in range(2)] == [["b", "d", "a", "c"]] * 2


def test_an_answer_comes_back_as_it_was(tmp_path: pathlib.Path) -> None:
    boxes = np.array([[0.1, 0.2, 0.3, 0.4], [0, 0, 1, 1]], dtype=np.float32)
    said = Prediction(np.array([2, 0]), np.array([0.9, 0.123456789], dtype=np.float32), boxes)
    others = OtherTags(np.array([[1], [3]]), np.array([[0.05], [0.01]], dtype=np.float32))
    kept = KeptAnswers(tmp_path / "answers")
    kept.add(ImageAnswer("ü\n\ud800.png", "s3://b/ü", (640, 480), said, 0.3))
    kept.add(ImageAnswer("b.png", "s3://b/b", (640, 480), replace(said, others=others), 0.2))
    back, named = kept
    assert (back.file, back.uri, back.size_px, back.uncertainty) == ("ü\n\ud800.png", "s3://b/ü", (640, 480), 0.3)
    for one, other in zip(vars(said).values(), vars(back.prediction).values(), strict=True):
        np.testing.assert_array_equal(one, other)
        assert getattr(one, "dtype", None) == getattr(other, "dtype", None)
    assert named.prediction.others is not None
    np.testing.assert_array_equal(named.prediction.others.labels, others.labels)
    np.testing.assert_array_equal(named.prediction.others.scores, others.scores)


def test_nothing_is_kept_of_no_answer(tmp_path: pathlib.Path) -> None:
    assert list(KeptAnswers(tmp_path / "answers")) == []
