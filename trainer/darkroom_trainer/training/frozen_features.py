"""The light heads of a training: the search for the best one, and its part in the answers.

Owns what `heads` is told about a run and what of the budget it may use. Must not fit a head itself.
"""

import logging
from typing import Final

import numpy as np
import numpy.typing as npt
import torch

from darkroom_api.v1alpha1.common import Task
from darkroom_predict.predictions import Integers, Prediction
from darkroom_trainer.checkpoints.sessions import FittedHead, Session
from darkroom_trainer.data import annotations
from darkroom_trainer.heads import refitting, selection, store, views
from darkroom_trainer.heads.fits.probabilities import to_logits, to_probabilities
from darkroom_trainer.loop import inference
from darkroom_trainer.metrics.statistics import ensemble_weights
from darkroom_trainer.metrics.tag_scores import classification
from darkroom_trainer.networks import backbones
from darkroom_trainer.training import training_run

LOG = logging.getLogger(__name__)

TIMED_IMAGES: Final = 32
TIME_SHARE: Final = 0.4
"""Of the time for the score, at most this goes into light heads."""


def search_light(run: training_run.TrainingRun) -> FittedHead | None:
    """Return the best light head of a run, None for a task with boxes or where there is no time for one."""
    if run.task.kind.has_boxes:
        return None
    run.place.report("Trying light heads")
    meter, ends_at = run.place.meter, _find_end(run)
    found = selection.search_heads(
        _build_examples(run, run.rows.usable),
        seed=run.place.config.seed,
        left_seconds=lambda: ends_at - meter.charged_seconds,
        stop=run.place.stop.is_set,
        backbones=_build_embedders(run),
        views=views.build_views(run.task, run.place.config.seed),
        started_at_seconds=meter.charged_seconds,
    )
    if found is None:
        return None
    LOG.info("best light head: %s", found.score, extra={"spec": found.spec})
    rows = torch.from_numpy(run.rows.usable[found.validated])
    answers = torch.from_numpy(found.probabilities[found.validated])
    records = [record.to_json() for record in found.trials]
    return FittedHead(found.spec, found.model, rows, answers, found.score, found.standard_error, records)


def measure_image(run: training_run.TrainingRun, light: FittedHead) -> float:
    """Return what predicting an image with the head alone costs, in charged seconds."""
    rows = run.rows.usable[:TIMED_IMAGES]
    started = run.place.meter.charged_seconds
    inference.compute_outputs(light.model, run.data, rows, run.place.device)
    return (run.place.meter.charged_seconds - started) / len(rows)


def _build_embedders(run: training_run.TrainingRun) -> dict[str, torch.nn.Module]:
    """Return the networks with pretrained weights as fixed features; from random ones, pixels do better."""
    size_px, found = run.preprocessing.image_size_px, {}
    for name in run.pretrained.names:
        tensors = run.pretrained.load(name)
        if tensors is not None:
            found[name] = backbones.build_embedder(name, tensors, size_px)[0].to(run.place.device.torch_device)
    return found


def _find_end(run: training_run.TrainingRun) -> float:
    """Return when the search has to end, in charged seconds: a network's least useful training must still fit."""
    now = run.place.meter.charged_seconds
    ends_at = run.plan_hold_out().ends_at
    return now + min(TIME_SHARE * (ends_at - now), max(0.0, ends_at - now - run.least_seconds))


def _build_examples(run: training_run.TrainingRun, rows: Integers) -> store.Examples:
    data, truths, count = run.data, annotations.build_truths(run.dataset, rows), len(run.task.labels)
    is_multilabel = run.task.kind is Task.MULTILABEL_CLASSIFIER
    labels = classification.stack_relevant(truths, count) if is_multilabel else classification.stack_answers(truths)
    return store.Examples(data.images, data.mean, data.std, rows, torch.from_numpy(labels), count)


def predict_blended(
    run: training_run.TrainingRun, session: Session, light: FittedHead
) -> tuple[list[Prediction], float]:
    """Return the predictions of network and light head together on the held-out images, and the light head's share."""
    is_multilabel = run.task.kind is Task.MULTILABEL_CLASSIFIER
    rows = run.rows.held_out
    outputs = inference.compute_outputs(session.learner.model, run.data, rows, run.place.device)
    network = to_probabilities(outputs, is_multilabel=is_multilabel).numpy()
    unseen = _answer_unseen(run, light, is_multilabel=is_multilabel)
    labels = classification.stack_relevant(annotations.build_truths(run.dataset, rows), len(run.task.labels))
    share = ensemble_weights.choose_ensemble_weight(network, unseen, labels, is_multilabel=is_multilabel)
    mixed = torch.from_numpy((1 - share) * network + share * unseen)
    return run.task.decode(to_logits(mixed, is_multilabel=is_multilabel)), share


def _answer_unseen(run: training_run.TrainingRun, light: FittedHead, *, is_multilabel: bool) -> npt.NDArray[np.float32]:
    """Return the light head's probabilities (H, C) for the held-out images, fitted without them.

    Small sets have them from the search; a large one, of which the search looks at a part, is fitted once more.
    """
    known, wanted = light.rows.numpy(), run.rows.held_out
    if np.isin(wanted, known).all():
        found: npt.NDArray[np.float32] = light.probabilities.numpy()[np.searchsorted(known, wanted)]
        return found
    examples = _build_examples(run, run.rows.train)
    seed = run.place.config.seed
    model = refitting.fit_spec(light.spec, examples, seed=seed, views=views.build_views(run.task, seed))
    outputs = inference.compute_outputs(model, run.data, wanted, run.place.device)
    return to_probabilities(outputs, is_multilabel=is_multilabel).numpy()
