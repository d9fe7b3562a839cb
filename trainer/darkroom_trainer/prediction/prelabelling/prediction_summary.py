"""What a Prediction's status says of its answers: counts, and a sentence. Pure. Must not do: I/O."""

from darkroom_api.v1alpha1.prediction import PredictionSummary
from darkroom_trainer.prediction.prelabelling.choosing import ChosenImages
from darkroom_trainer.prediction.prelabelling.tally import Tally


def summarise(chosen: ChosenImages, tally: Tally, threshold: float) -> PredictionSummary:
    """Return the counts."""
    return PredictionSummary(
        images=tally.answered,
        objects=tally.objects,
        below_threshold=tally.below_threshold,
        already_labelled=chosen.already_labelled + tally.already_labelled,
        unreadable=tally.unreadable.problem_count,
        threshold=threshold,
        problems=tally.problems,
        problem_count=tally.unreadable.problem_count,
    )


def describe(counts: PredictionSummary, place: str) -> str:
    """Return the sentence; `place` is where the images are."""
    if not counts.images and not counts.unreadable:
        return f"nothing to answer: all {counts.already_labelled:,} images of {place} are labelled already"
    parts = [
        f"{_count(counts.images, 'image')} of {place} answered with {_count(counts.objects, 'label')}",
        f"{counts.below_threshold:,} to label by hand" if counts.below_threshold else "",
        f"{counts.already_labelled:,} labelled already" if counts.already_labelled else "",
        f"{counts.unreadable:,} cannot be read" if counts.unreadable else "",
    ]
    text = ", ".join(part for part in parts if part)
    if counts.problems:
        text += f", the first: {counts.problems[0].subject} {counts.problems[0].message}"
    return text[:1024]


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
