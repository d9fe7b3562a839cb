"""The frozen-feature classifiers of a training: the search for the best one.

Owns what `heads` is told about a run and what of the budget it may use. Must not fit a head itself.
"""

import logging
from collections.abc import Collection
from typing import Final

import torch

from darkroom_predict.predictions import Integers
from darkroom_trainer.budget import costs
from darkroom_trainer.checkpoints.sessions import FittedHead, Session
from darkroom_trainer.data import annotations, decoded
from darkroom_trainer.heads import feature_tables, head_costs, selection, store, views
from darkroom_trainer.metrics.tag_scores import classification
from darkroom_trainer.training.training_run import TrainingRun

LOG = logging.getLogger(__name__)

FEATURES_FOLDER: Final = "features"


def fit_head(run: TrainingRun, session: Session) -> None:
    """Put the best classifier on frozen features into a new session.

    Raises RunError(BudgetNotEnough) where no model of use fits any more.
    """
    if run.saved is None:
        session.head = search_head(run)


def search_head(run: TrainingRun) -> FittedHead | None:
    """Return the best head of a run, None for a task with boxes or where there is no time for one."""
    if run.task.kind.has_boxes:
        return None
    context, seed = run.context, run.context.config.seed
    context.report("Fitting frozen-feature classifiers")
    meter = context.meter
    run.ledger.revise(embed_image_seconds=note_costs(run, run.frozen.values()))
    ends_at = run.ledger.plan_heads(meter.charged_seconds)
    found = selection.search_heads(
        build_examples(run, run.rows.usable),
        seed=seed,
        left_seconds=lambda: ends_at - meter.charged_seconds,
        stop=context.stop.is_set,
        backbones=run.frozen,
        tables=open_tables(run),
        views=views.build_views(run.task, seed),
        started_at_seconds=meter.charged_seconds,
    )
    if found is None:
        return None
    LOG.info("best frozen-feature classifier: %s", found.score, extra={"spec": found.spec})
    rows = torch.from_numpy(run.rows.usable[found.validated])
    answers = torch.from_numpy(found.probabilities[found.validated])
    records = [record.to_json() for record in found.trials]
    return FittedHead(found.spec, found.model, rows, answers, found.score, found.standard_error, records)


def note_costs(run: TrainingRun, models: Collection[torch.nn.Module]) -> float:
    """Note what these models, one of which is or will be part of the answer, add to the end of the run.

    Returns what the fastest of them takes for an image, in charged seconds.
    """
    ledger, meter = run.ledger, run.context.meter
    image_seconds = head_costs.time_image(models, run.data, run.rows.usable, lambda: meter.charged_seconds)
    million_parameters = run.measured_recipe.million_parameters + head_costs.count_million_parameters(models)
    export_seconds = costs.estimate_export_wall_seconds(run.task.export_seconds, million_parameters)
    ledger.revise(head_image_seconds=image_seconds, export_seconds=meter.rate * export_seconds)
    return image_seconds


def build_examples(run: TrainingRun, rows: Integers) -> store.Examples:
    """Return the images of some rows with their labels, as heads are fitted on them."""
    data, truths, count = run.data, annotations.build_truths(run.dataset, rows), len(run.task.labels)
    is_multilabel = run.task.kind.is_multilabel
    labels = classification.stack_relevant(truths, count) if is_multilabel else classification.stack_answers(truths)
    return store.Examples(data.images, data.mean, data.std, rows, torch.from_numpy(labels), count)


def open_tables(run: TrainingRun) -> feature_tables.FeatureTables:
    """Return what keeps the features of frozen networks, also for an attempt that resumes in the same folder."""
    name = decoded.name_images(run.dataset)
    return feature_tables.FeatureTables(len(run.dataset.examples), run.context.work / FEATURES_FOLDER, name)
