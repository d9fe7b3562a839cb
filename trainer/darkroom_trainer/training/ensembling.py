"""The network and the frozen-feature classifier as one model: what they answer together on the held-out images.

Owns how the ensemble weight is found for a run: neither has seen these images, and a network of which they do not show
that it learned something has no part. Must not train or score.
"""

import numpy as np
import numpy.typing as npt
import torch

from darkroom_predict.predictions import Prediction, Truth
from darkroom_trainer.checkpoints.sessions import FittedHead, Session
from darkroom_trainer.data import annotations
from darkroom_trainer.heads import refitting, store, views
from darkroom_trainer.heads.fits.probabilities import to_logits, to_probabilities
from darkroom_trainer.loop import inference
from darkroom_trainer.metrics.statistics import ensemble_weights
from darkroom_trainer.metrics.tag_scores import classification
from darkroom_trainer.training import frozen_features
from darkroom_trainer.training.training_run import TrainingRun


def predict_ensemble(run: TrainingRun, session: Session, head: FittedHead) -> tuple[list[Prediction], float]:
    """Return the predictions of network and head together on the held-out images, and the head's ensemble weight."""
    is_multilabel = run.task.kind.is_multilabel
    rows, labels = run.rows.held_out, _stack_held_out(run)
    outputs = inference.compute_outputs(session.learner.model, run.data, rows, run.context.device)
    network = to_probabilities(outputs, is_multilabel=is_multilabel).numpy()
    out_of_fold = _predict_out_of_fold(run, head)
    ensemble_weight = 1.0
    if ensemble_weights.is_tested(network, labels, is_multilabel=is_multilabel):
        parts = (network, out_of_fold, labels)
        ensemble_weight = ensemble_weights.choose_ensemble_weight(*parts, is_multilabel=is_multilabel)
    mixed = torch.from_numpy((1 - ensemble_weight) * network + ensemble_weight * out_of_fold)
    return run.task.decode(to_logits(mixed, is_multilabel=is_multilabel)), ensemble_weight


def can_test_networks(run: TrainingRun) -> bool:
    """Return whether the held-out images could show of a network without fault that it learned something."""
    labels = _stack_held_out(run)
    faultless = labels.astype(np.float32)
    return ensemble_weights.is_tested(faultless, labels, is_multilabel=run.task.kind.is_multilabel)


def _stack_held_out(run: TrainingRun) -> npt.NDArray[np.bool_]:
    """Return the tags (H, C) of the held-out images."""
    truths = annotations.build_truths(run.dataset, run.rows.held_out)
    return classification.stack_relevant(truths, len(run.task.labels))


def predict_head(run: TrainingRun, head: FittedHead) -> tuple[list[Prediction], list[Truth]]:
    """Return the head's predictions on all images that a fit of it was made without, and their truths."""
    logits = to_logits(head.probabilities, is_multilabel=run.task.kind.is_multilabel)
    return run.task.decode(logits), annotations.build_truths(run.dataset, head.rows.numpy())


def _predict_out_of_fold(run: TrainingRun, head: FittedHead) -> npt.NDArray[np.float32]:
    """Return the head's probabilities (H, C) for the held-out images, fitted without them.

    Small sets have them from the search; a large one, of which the search looks at a part, is fitted once more.
    """
    known, wanted = head.rows.numpy(), run.rows.held_out
    if np.isin(wanted, known).all():
        found: npt.NDArray[np.float32] = head.probabilities.numpy()[np.searchsorted(known, wanted)]
        return found
    train, held_out = (frozen_features.build_examples(run, rows) for rows in (run.rows.train, wanted))
    seed, tables, networks = run.context.config.seed, frozen_features.open_tables(run), head.model.networks
    model = refitting.fit_spec(
        head.spec, train, seed=seed, views=views.build_views(run.task, seed), backbones=networks, tables=tables
    )
    asked = store.FeatureStore(held_out, np.arange(len(wanted)), backbones=networks, tables=tables)
    with torch.inference_mode():
        outputs = model.answer([asked.get_features([block], 0) for block in model.spec["blocks"]]).cpu()
    return to_probabilities(outputs, is_multilabel=run.task.kind.is_multilabel).numpy()
