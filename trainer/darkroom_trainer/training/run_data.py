"""What a training learns from and is measured on: fetched, checked and split, not decoded yet.

Owns which images of a run count. Must not decode or train.
"""

import functools
from dataclasses import dataclass

from darkroom_api.conditions import Reason
from darkroom_api.run_config import DatasetSource, RunConfig
from darkroom_api.v1alpha1.common import Task
from darkroom_predict.predictions import Integers
from darkroom_trainer.data import annotations, loading, splitting, suitability
from darkroom_trainer.data.records.dataset import LoadedDataset
from darkroom_trainer.search import resolution
from darkroom_trainer.training.run_context import RunContext
from darkroom_trainer.training.training_run import Rows


@dataclass(frozen=True)
class RunData:
    """The datasets of a run; the final model is measured on `evaluation_rows` of the evaluation dataset."""

    dataset: LoadedDataset
    rows: Rows
    evaluation: LoadedDataset | None
    evaluation_rows: Integers
    task: Task

    @functools.cached_property
    def useful_side_px(self) -> float:
        """Return how large images are worth being, in pixels; small boxes need every pixel that there is."""
        side = annotations.measure_source_side(self.dataset)
        return side if self.task.has_boxes else min(side, resolution.measure_detail_side(self.dataset.examples))

    def list_sources(self, config: RunConfig) -> list[tuple[DatasetSource, LoadedDataset]]:
        """Return the datasets, each with where it is read from."""
        listed = [(config.dataset, self.dataset)]
        if config.evaluation_dataset is not None and self.evaluation is not None:
            listed.append((config.evaluation_dataset, self.evaluation))
        return listed


def load_data(context: RunContext, task: Task) -> RunData:
    """Return the run's datasets; raises RunError: DatasetCorrupt, DatasetNotFound, StorageUnavailable and others."""
    source, pictures = context.config.dataset, context.pictures
    with pictures.watch():
        dataset = loading.load_dataset(source, context.work, context.reporter, pictures.recall(source))
    usable = annotations.find_usable_rows(dataset, task)
    annotations.check_distinct_tags(dataset, task)
    with pictures.watch():
        evaluation = _load_evaluation(context, task, dataset.labels)
    train, held_out = splitting.split_rows(dataset.examples, usable, context.config.seed, by_label=True)
    evaluation_rows = usable[:0] if evaluation is None else annotations.find_usable_rows(evaluation, task)
    return RunData(dataset, Rows(train, held_out, usable), evaluation, evaluation_rows, task)


def _load_evaluation(context: RunContext, task: Task, labels: tuple[str, ...]) -> LoadedDataset | None:
    source = context.config.evaluation_dataset
    if source is None:
        return None
    return suitability.load_matching(
        source,
        task,
        labels,
        context.work,
        context.reporter,
        reason=Reason.INVALID_CONFIGURATION,
        subject="evaluationDataset",
        recall=context.pictures.recall(source),
    )
