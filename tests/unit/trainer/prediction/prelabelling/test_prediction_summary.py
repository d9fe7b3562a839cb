"""What a Prediction's status says of its answers."""

import pytest

from darkroom_api.v1alpha1.dataset import Problem
from darkroom_api.v1alpha1.prediction import PredictionSummary
from darkroom_trainer.prediction.prelabelling.prediction_summary import describe

PROBLEM = Problem(subject="a.png and 2 more", message="is empty (0 bytes); upload it again")
SENTENCES = {
    "all of them": (
        PredictionSummary(images=41, objects=118, threshold=0.4),
        "41 images of dataset fruit answered with 118 labels",
    ),
    "one of each": (
        PredictionSummary(images=1, objects=1, below_threshold=0, already_labelled=1),
        "1 image of dataset fruit answered with 1 label, 1 labelled already",
    ),
    "what is left for people": (
        PredictionSummary(
            images=2_000, objects=9, below_threshold=1_995, already_labelled=12, unreadable=3, problem_count=3,
            problems=(PROBLEM,),
        ),
        "2,000 images of dataset fruit answered with 9 labels, 1,995 to label by hand, 12 labelled already, "
        "3 cannot be read, the first: a.png and 2 more is empty (0 bytes); upload it again",
    ),
    "copies, and one that cannot be read": (
        PredictionSummary(images=0, objects=0, already_labelled=2, unreadable=1, problem_count=1, problems=(PROBLEM,)),
        "0 images of dataset fruit answered with 0 labels, 2 labelled already, 1 cannot be read, the first: a.png and "
        "2 more is empty (0 bytes); upload it again",
    ),
    "nothing to answer": (
        PredictionSummary(images=0, objects=0, already_labelled=53),
        "nothing to answer: all 53 images of dataset fruit are labelled already",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("counts", "sentence"), SENTENCES.values(), ids=SENTENCES.keys())
def test_the_message_tells(counts: PredictionSummary, sentence: str) -> None:
    assert describe(counts, "dataset fruit") == sentence
