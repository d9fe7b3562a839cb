"""The frozen-feature classifiers of a training: the search for the best one, and its answers on held-out images.

Owns what `heads` is told about a run and what of the budget it may use. Must not fit a head itself.
"""

import logging
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
import torch

from darkroom_predict.predictions import Integers
from darkroom_trainer.checkpoints.sessions import FittedHead, Session
from darkroom_trainer.data import annotations
from darkroom_trainer.heads import head_costs, refitting, selection, store, views
from darkroom_trainer.heads.fits.probabilities import to_probabilities
from darkroom_trainer.loop import inference
from darkroom_trainer.metrics.tag_scores import classification
from darkroom_trainer.training.training_run import TrainingRun

LOG = logging.getLogger(__name__)


def fit_head(run: TrainingRun, session: Session) -> None:
    """Put the best classifier on frozen features into a new session, and note what it costs in any.

    Raises RunError(BudgetNotEnough) where no model of use fits any more.
    """
    if run.saved is None:
        session.head = search_head(run)
    if session.head is not None:
        ledger, meter, model = run.ledger, run.context.meter, session.head.model
        export_seconds = meter.rate * head_costs.estimate_export_wall_seconds(model)
        ledger.revise(
            head_image_seconds=_time_image(run, [model]), export_seconds=ledger.costs.export_seconds + export_seconds
        )


def search_head(run: TrainingRun) -> FittedHead | None:
    """Return the best head of a run, None for a task with boxes or where there is no time for one."""
    if run.task.kind.has_boxes:
        return None
    context, seed = run.context, run.context.config.seed
    context.report("Fitting frozen-feature classifiers")
    meter = context.meter
    backbones = run.pretrained.build_embedders(run.preprocessing.image_size_px, context.device.torch_device)
    run.ledger.revise(embed_image_seconds=_time_image(run, backbones.values()))
    ends_at = run.ledger.plan_heads(meter.charged_seconds)
    found = selection.search_heads(
        _build_examples(run, run.rows.usable),
        seed=seed,
        left_seconds=lambda: ends_at - meter.charged_seconds,
        stop=context.stop.is_set,
        backbones=backbones,
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


def _time_image(run: TrainingRun, models: Iterable[torch.nn.Module]) -> float:
    """Return what the fastest of some models takes for an image, in charged seconds."""
    return head_costs.time_image(models, run.data, run.rows.usable, lambda: run.context.meter.charged_seconds)


def _build_examples(run: TrainingRun, rows: Integers) -> store.Examples:
    data, truths, count = run.data, annotations.build_truths(run.dataset, rows), len(run.task.labels)
    is_multilabel = run.task.kind.is_multilabel
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
    examples = _build_examples(run, run.rows.train)
    seed = run.context.config.seed
    model = refitting.fit_spec(head.spec, examples, seed=seed, views=views.build_views(run.task, seed))
    outputs = inference.compute_outputs(model, run.data, wanted, run.context.device)
    return to_probabilities(outputs, is_multilabel=is_multilabel).numpy()
