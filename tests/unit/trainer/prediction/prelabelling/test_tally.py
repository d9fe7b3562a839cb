"""What becomes of images, counted."""

from darkroom_api.v1alpha1.common import Task
from darkroom_predict.images import ImageProblem
from darkroom_trainer.prediction.prelabelling.candidates import Candidate
from darkroom_trainer.prediction.prelabelling.tally import Tally
from tests.unit.trainer.prediction_runs import an_answer


def test_labels_and_images_without_any_are_counted() -> None:
    tally = Tally()
    for answer in (an_answer(red=0.6, blue=0.4), an_answer(), an_answer(green=0.9)):
        tally.count_answer(Task.MULTILABEL_CLASSIFIER, answer)
    assert (tally.answered, tally.objects, tally.below_threshold) == (3, 3, 1)
    tally.count_answer(Task.CLASSIFIER, an_answer(red=0.6, blue=0.4))
    assert tally.objects == 4, "an image that has one tag"


def test_images_that_cannot_be_read_for_one_reason_are_told_once() -> None:
    tally = Tally()
    for name in ("a.png", "b.png", "c.png"):
        uri = f"s3://b/{name}"
        tally.count_problem(Candidate(name, uri), ImageProblem(f"image {uri} does not exist"))
    tally.count_problem(Candidate("d.png", "s3://b/d.png"), ImageProblem("is empty (0 bytes); upload it again"))
    told = [(problem.subject, problem.message) for problem in tally.problems]
    assert told == [
        ("a.png and 2 more", "image s3://b/a.png does not exist"), ("d.png", "is empty (0 bytes); upload it again"),
    ]  # fmt: skip
    assert tally.unreadable.problem_count == 4
