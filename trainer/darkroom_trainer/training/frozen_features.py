"""The frozen-feature classifiers of a training: the search for the best one, and its answers on held-out images.

Owns what `heads` is told about a run and what of the budget it may use. Must not fit a head itself.
"""

import logging
from typing import Final

import numpy as np
import numpy.typing as npt
import torch

from darkroom_api.v1alpha1.common import Task
from darkroom_predict.predictions import Integers
from darkroom_trainer.checkpoints.sessions import FittedHead, Session
from darkroom_trainer.data import annotations, decoded
from darkroom_trainer.heads import feature_tables, refitting, selection, store, views
from darkroom_trainer.heads.fits.probabilities import to_probabilities
from darkroom_trainer.loop import inference
from darkroom_trainer.metrics.tag_scores import classification
from darkroom_trainer.training.training_run import TrainingRun

LOG = logging.getLogger(__name__)

TIMED_IMAGES: Final = 8
FEATURES_FOLDER: Final = "features"
HEADS_TIME_FRACTION: Final = 0.4
"""Of the time for the score, at most this goes into frozen-feature classifiers."""


def fit_head(run: TrainingRun, session: Session) -> None:
    """Put the best classifier on frozen features into a new session, and note what it costs in any.

    Raises RunError(BudgetNotEnough) where no useful training fits any more.
    """
    if run.saved is None:
        session.head = search_head(run)
    if session.head is not None:
        run.ledger.revise(head_image_seconds=_time_image(run, session.head))


def search_head(run: TrainingRun) -> FittedHead | None:
    """Return the best head of a run, None for a task with boxes or where there is no time for one."""
    if run.task.kind.has_boxes:
        return None
    context, seed = run.context, run.context.config.seed
    context.report("Fitting frozen-feature classifiers")
    meter, ends_at = context.meter, _find_end(run)
    found = selection.search_heads(
        _build_examples(run, run.rows.usable),
        seed=seed,
        left_seconds=lambda: ends_at - meter.charged_seconds,
        stop=context.stop.is_set,
        backbones=run.frozen,
        tables=_open_tables(run),
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


def _time_image(run: TrainingRun, head: FittedHead) -> float:
    """Return what predicting an image with the head alone costs, in charged seconds."""
    rows, meter = run.rows.usable[:TIMED_IMAGES], run.context.meter
    started = meter.charged_seconds
    model = head.model.to(run.context.device.torch_device)
    inference.compute_outputs(model, run.data, rows, run.context.device)
    return (meter.charged_seconds - started) / len(rows)


def _find_end(run: TrainingRun) -> float:
    """Return when the search has to end, in charged seconds: a network's least useful training must still fit."""
    now = run.context.meter.charged_seconds
    left_seconds = run.ledger.plan_hold_out(now) - now
    return now + min(HEADS_TIME_FRACTION * left_seconds, max(0.0, left_seconds - run.ledger.least_seconds))


def _build_examples(run: TrainingRun, rows: Integers) -> store.Examples:
    data, truths, count = run.data, annotations.build_truths(run.dataset, rows), len(run.task.labels)
    is_multilabel = run.task.kind is Task.MULTILABEL_CLASSIFIER
    labels = classification.stack_relevant(truths, count) if is_multilabel else classification.stack_answers(truths)
    return store.Examples(data.images, data.mean, data.std, rows, torch.from_numpy(labels), count)


def predict_out_of_fold(run: TrainingRun, head: FittedHead, *, is_multilabel: bool) -> npt.NDArray[np.float32]:
    """Return the head's probabilities (H, C) for the held-out images, fitted without them.

    Small sets have them from the search; a large one, of which the search looks at a part, is fitted once more.
    """
    known, wanted = head.rows.numpy(), run.rows.held_out
    if np.isin(wanted, known).all():
        found: npt.NDArray[np.float32] = head.probabilities.numpy()[np.searchsorted(known, wanted)]
        return found
    train, held_out = (_build_examples(run, rows) for rows in (run.rows.train, wanted))
    seed, tables, networks = run.context.config.seed, _open_tables(run), head.model.networks
    model = refitting.fit_spec(
        head.spec, train, seed=seed, views=views.build_views(run.task, seed), backbones=networks, tables=tables
    )
    asked = store.FeatureStore(held_out, np.arange(len(wanted)), backbones=networks, tables=tables)
    with torch.inference_mode():
        outputs = model.answer([asked.get_features([block], 0) for block in model.spec["blocks"]]).cpu()
    return to_probabilities(outputs, is_multilabel=is_multilabel).numpy()


def _open_tables(run: TrainingRun) -> feature_tables.FeatureTables:
    """Return what keeps the features of frozen networks, also for an attempt that resumes in the same folder."""
    name = decoded.name_images(run.dataset)
    return feature_tables.FeatureTables(len(run.dataset.examples), run.context.work / FEATURES_FOLDER, name)
