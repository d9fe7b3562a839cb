"""Which class learns which task. The only place that lists them."""

from typing import Final

from darkroom_api.conditions import Reason
from darkroom_api.v1alpha1.common import Task
from darkroom_trainer.runtime.errors import RunError
from darkroom_trainer.tasks.base import LearningTask
from darkroom_trainer.tasks.classifier import Classifier
from darkroom_trainer.tasks.detector import Detector
from darkroom_trainer.tasks.multilabel import MultilabelClassifier
from darkroom_trainer.tasks.recognizer import ProductRecognizer

TASKS: Final[dict[Task, type[LearningTask]]] = {
    task.kind: task for task in (Classifier, MultilabelClassifier, Detector, ProductRecognizer)
}


def check_trainable(kind: Task) -> None:
    """Raise RunError(InvalidConfiguration) naming the field for a task that this version cannot train."""
    if kind not in TASKS:
        can = ", ".join(sorted(task.value for task in TASKS))
        raise RunError(Reason.INVALID_CONFIGURATION, f"task: {kind.value} cannot be trained by this version; use {can}")


def build_task(kind: Task, labels: tuple[str, ...]) -> LearningTask:
    """Return the task that learns `labels`."""
    check_trainable(kind)
    return TASKS[kind](labels)
