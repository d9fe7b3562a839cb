"""Candidates answered, a batch at a time.

Owns how many are computed at once. Must not know what becomes of the answers.
"""

import pathlib
from typing import Final

import numpy as np

from darkroom_predict.images import ImageProblem
from darkroom_predict.loading import Predictor
from darkroom_predict.predictions import keep_best_of_stacked
from darkroom_trainer.data.sources.progress import build_progress
from darkroom_trainer.prediction.prelabelling.candidates import Candidate
from darkroom_trainer.prediction.prelabelling.choosing import ChosenImages
from darkroom_trainer.prediction.prelabelling.kept_answers import ImageAnswer, KeptAnswers
from darkroom_trainer.prediction.prelabelling.reading import DecodedImage, read_candidates
from darkroom_trainer.prediction.prelabelling.tally import Tally
from darkroom_trainer.prediction.prelabelling.uncertainty import measure_uncertainty
from darkroom_trainer.runtime.reporting import Reporter

BATCH: Final = 32
"""Images that are decoded before the model sees them; a run that is stopped computes one batch to its end."""

_Batch = list[tuple[Candidate, DecodedImage]]


def answer_images(
    chosen: ChosenImages, predictor: Predictor, threshold: float, work: pathlib.Path, reporter: Reporter
) -> tuple[KeptAnswers, Tally]:
    """Return an answer for each image that can be read and is no copy of a labelled one, kept in `work`; the counts.

    Raises RunError: StorageUnavailable, and DatasetCorrupt where no image can be read.
    """
    answers, tally, batch = KeptAnswers(work / "answers.jsonl"), Tally(), _Batch()
    show_progress = build_progress(reporter, "Answering", show_percent=True)
    model, total = predictor.description, len(chosen.candidates)
    for number, (candidate, found) in enumerate(read_candidates(chosen, model.preprocessing.image_size_px), start=1):
        if isinstance(found, ImageProblem):
            tally.count_problem(candidate, found)
        elif found is None:
            tally.already_labelled += 1
        else:
            batch.append((candidate, found))
        if len(batch) == BATCH or number == total:
            for answer in _answer(predictor, threshold, batch):
                tally.count_answer(model.task, answer)
                answers.add(answer)
            batch.clear()
        show_progress(number, total)
    tally.check_readable(total, chosen.place)
    return answers, tally


def _answer(predictor: Predictor, threshold: float, batch: _Batch) -> list[ImageAnswer]:
    if not batch:
        return []
    task = predictor.description.task
    predictions = predictor.predict(np.stack([decoded.pixels for _, decoded in batch]))
    return [
        ImageAnswer(
            file=candidate.file,
            uri=decoded.uri,
            size_px=(decoded.size.width, decoded.size.height),
            prediction=keep_best_of_stacked(prediction, threshold),
            uncertainty=measure_uncertainty(task, prediction, threshold),
        )
        for (candidate, decoded), prediction in zip(batch, predictions, strict=True)
    ]
