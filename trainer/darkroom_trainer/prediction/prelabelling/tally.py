"""What becomes of the images of a Prediction, counted. Pure. Must not know where they are."""

from dataclasses import dataclass, field
from typing import Final

from darkroom_api.conditions import Reason
from darkroom_api.v1alpha1.common import Task
from darkroom_api.v1alpha1.dataset import Problem
from darkroom_predict.images import ImageProblem
from darkroom_storage.errors import display_uri
from darkroom_trainer.data.records.findings import Findings
from darkroom_trainer.prediction.prelabelling.candidates import Candidate
from darkroom_trainer.prediction.prelabelling.kept_answers import ImageAnswer
from darkroom_trainer.prediction.prelabelling.label_choice import choose_labels
from darkroom_trainer.runtime.errors import RunError

MAX_PROBLEMS: Final = 10


@dataclass
class Tally:
    """The counts; `objects` are boxes, or tags of whole images, from the threshold."""

    answered: int = 0
    objects: int = 0
    below_threshold: int = 0
    already_labelled: int = 0
    unreadable: Findings = field(default_factory=Findings)

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Return the first problems, those of one cause together."""
        return tuple(cause.tell() for cause in self.unreadable.causes[:MAX_PROBLEMS])

    def count_answer(self, task: Task, answer: ImageAnswer) -> None:
        """Count an image that was answered."""
        labels = len(choose_labels(task, answer.prediction).labels)
        self.answered += 1
        self.objects += labels
        self.below_threshold += not labels

    def count_problem(self, candidate: Candidate, problem: ImageProblem) -> None:
        """Count an image that cannot be read; alike ones are told once, whatever their addresses."""
        cause = str(problem).replace(display_uri(candidate.uri), "…")
        self.unreadable.add(candidate.file, str(problem), cause=cause)

    def check_readable(self, total: int, place: str) -> None:
        """Raise RunError(DatasetCorrupt) where none of the images of `place`, `total` in number, can be read."""
        if total and self.unreadable.problem_count == total:
            first = self.problems[0]
            message = f"images: none of the {total:,} images of {place} can be read: {first.subject} {first.message}"
            raise RunError(Reason.DATASET_CORRUPT, message)
