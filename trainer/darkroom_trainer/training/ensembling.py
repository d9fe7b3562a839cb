"""The network and the frozen-feature classifier as one model: what they answer together on the held-out images.

Owns how the ensemble weight is found for a run: neither has seen these images. Must not train a network.
"""

import torch

from darkroom_api.v1alpha1.common import Task
from darkroom_predict.predictions import Prediction
from darkroom_trainer.checkpoints.sessions import FittedHead, Session
from darkroom_trainer.data import annotations
from darkroom_trainer.heads.fits.probabilities import to_logits, to_probabilities
from darkroom_trainer.loop import inference
from darkroom_trainer.metrics.statistics import ensemble_weights
from darkroom_trainer.metrics.tag_scores import classification
from darkroom_trainer.training import frozen_features
from darkroom_trainer.training.training_run import TrainingRun


def predict_ensemble(run: TrainingRun, session: Session, head: FittedHead) -> tuple[list[Prediction], float]:
    """Return the predictions of network and head together on the held-out images, and the head's ensemble weight."""
    is_multilabel = run.task.kind is Task.MULTILABEL_CLASSIFIER
    rows = run.rows.held_out
    outputs = inference.compute_outputs(session.learner.model, run.data, rows, run.context.device)
    network = to_probabilities(outputs, is_multilabel=is_multilabel).numpy()
    out_of_fold = frozen_features.predict_out_of_fold(run, head, is_multilabel=is_multilabel)
    labels = classification.stack_relevant(annotations.build_truths(run.dataset, rows), len(run.task.labels))
    ensemble_weight = ensemble_weights.choose_ensemble_weight(network, out_of_fold, labels, is_multilabel=is_multilabel)
    mixed = torch.from_numpy((1 - ensemble_weight) * network + ensemble_weight * out_of_fold)
    return run.task.decode(to_logits(mixed, is_multilabel=is_multilabel)), ensemble_weight
