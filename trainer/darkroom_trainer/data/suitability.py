"""A further dataset that must suit what is there already: a task, and the tags that a model has learned.

Owns the order: whether it can suit is asked before anything is fetched. Must not import torch.
"""

import pathlib

from darkroom_api.conditions import Reason
from darkroom_api.run_config import DatasetSource
from darkroom_api.v1alpha1.common import Task
from darkroom_trainer.data import annotations, loading
from darkroom_trainer.data.inspection.examination import Recall
from darkroom_trainer.data.records.dataset import LoadedDataset
from darkroom_trainer.runtime.reporting import Reporter


def load_matching(
    source: DatasetSource,
    task: Task,
    labels: tuple[str, ...],
    work: pathlib.Path,
    reporter: Reporter,
    *,
    reason: Reason,
    subject: str,
    recall: Recall | None = None,
) -> LoadedDataset:
    """Return the dataset, with its tags matched by name to `labels`.

    Raises RunError as `load_dataset` and `align_labels` do, and with `reason` where its annotations do not suit the
    task, naming `subject`.
    """
    annotations.check_annotation_kind(source.name, source.annotation_kind, task, reason, subject)
    return annotations.align_labels(loading.load_dataset(source, work, reporter, recall), labels)
