"""A training as a checkpoint holds it: the learner, its stage and what the hold-out run gave.

Owns the translation between a Session and a Checkpoint. Must not decide when to save.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

import numpy as np
import torch

from darkroom_api.v1alpha1.common import Performance, StopReason
from darkroom_predict.predictions import Prediction
from darkroom_trainer.checkpoints import checkpoint
from darkroom_trainer.features.block_names import list_weights
from darkroom_trainer.heads import ensemble as ensembles
from darkroom_trainer.heads.fits.model import FrozenClassifier
from darkroom_trainer.loop import memory
from darkroom_trainer.loop.recipe import Recipe, read_recipe
from darkroom_trainer.loop.training_loop import Learner, Window
from darkroom_trainer.search import halving as halvings
from darkroom_trainer.search.measuring import MeasuredRecipe


class Stage(StrEnum):
    """The two trainings of a run, and their end: what is left is to publish."""

    HOLD_OUT = "holdOut"
    REFIT = "final"
    FITTED = "fitted"


@dataclass(frozen=True)
class HoldOut:
    """What the hold-out run gave: scores, predictions in the order of their rows, and the threshold to show.

    The rows are the held-out ones, or those of a head that answers alone. `ensemble_weight` is the frozen-feature
    classifier's; the network has the rest.
    """

    performance: Performance
    predictions: list[Prediction]
    threshold: float
    ensemble_weight: float = 0.0


@dataclass(frozen=True)
class FittedHead:
    """The best frozen-feature classifier, fitted on all usable images, with its record.

    `probabilities` (K, C) are what it gave for the images `rows` (K,) when it was fitted without them; `score` is None
    where no image could be held out.
    """

    spec: dict[str, Any]
    model: FrozenClassifier
    rows: torch.Tensor
    probabilities: torch.Tensor
    score: float | None
    standard_error: float | None
    records: list[dict[str, Any]]

    @property
    def backbones(self) -> list[str]:
        """Return the pretrained networks whose features it looks at."""
        return list_weights(self.spec["blocks"])


@dataclass(frozen=True)
class Underway:
    """A trial that trains beside the session's learner, in the middle of its window; its weights lie in `waiting`.

    `optimizer` is its state, `spent_seconds` what is spent of a window so long, in charged seconds.
    """

    step: int
    recipe: Recipe
    spent_seconds: float
    length_seconds: float
    optimizer: checkpoint.Tensors


@dataclass
class Session:
    """Where a training is.

    `measure_image_seconds` is what predicting and scoring an image took, in charged seconds, once that is known;
    `note` is something about the model that its user should read; `batch_divisor` is the one that the recipe's batch
    was divided by.
    """

    learner: Learner
    stage: Stage
    window: Window
    hold_out: HoldOut | None = None
    history: list[dict[str, Any]] = field(default_factory=list)
    measure_image_seconds: float | None = None
    note: str = ""
    batch_divisor: int = 1
    halving: halvings.Halving | None = None
    waiting: dict[int, checkpoint.Tensors] = field(default_factory=dict)
    """Weights of the trials that the learner is not of, by number."""
    underway: dict[int, Underway] = field(default_factory=dict)
    """Those of them that are in the middle of a window."""
    head: FittedHead | None = None
    head_alone: StopReason | None = None
    """Why the frozen-feature classifier answers alone; None where a network has a part, or still may have one."""

    @property
    def ensemble_weight(self) -> float:
        """Return the frozen-feature classifier's weight: all of it while no held-out image tells what a network is."""
        if self.head is None:
            return 0.0
        return self.hold_out.ensemble_weight if self.hold_out else 1.0

    def add_note(self, text: str | None) -> None:
        """Add something that the model's user should read, if there is anything."""
        self.note = "; ".join(filter(None, (self.note, text)))


def shrink_batches(session: Session, divisor: int) -> None:
    """Divide the batch of what trains now and of all that may train later."""
    session.learner.recipe = memory.shrink_batch(session.learner.recipe, divisor)
    for trial in session.halving.trials if session.halving else ():
        trial.recipe = memory.shrink_batch(trial.recipe, divisor)
    for number, one in session.underway.items():
        session.underway[number] = replace(one, recipe=memory.shrink_batch(one.recipe, divisor))


def snapshot(learner: Learner) -> checkpoint.Tensors:
    """Return a copy of everything that a step changes, but for the step's number."""
    model = checkpoint.add_prefix("model", learner.model.state_dict())
    optimizer = checkpoint.add_prefix("optimizer", checkpoint.flatten_optimizer(learner.optimizer))
    return {name: value.detach().cpu().clone() for name, value in (model | optimizer).items()}


def restore(learner: Learner, tensors: checkpoint.Tensors) -> None:
    """Put back what `snapshot` returned."""
    learner.model.load_state_dict(checkpoint.take_prefix("model", tensors))
    checkpoint.fill_optimizer(learner.optimizer, checkpoint.take_prefix("optimizer", tensors))


def pack(session: Session, measured_recipes: Sequence[MeasuredRecipe] = ()) -> checkpoint.Checkpoint:
    """Return the session, and what recipes cost when it was trained, as tensors and JSON."""
    learner, hold_out = session.learner, session.hold_out
    tensors = snapshot(learner)
    state: dict[str, Any] = {
        "stage": session.stage.value,
        "window": [session.window.starts_at, session.window.ends_at],
        "step": learner.step,
        "rateScale": learner.rate_scale,
        "recipe": learner.recipe.to_json(),
        "imageSize": int(learner.data.images.shape[1]),
        "history": session.history,
        "measureImage": session.measure_image_seconds,
        "note": session.note,
        "batchDivisor": session.batch_divisor,
        "headAlone": session.head_alone,
        "measured": [one.to_json() for one in measured_recipes],
    }
    if session.halving is not None:
        state["contest"] = session.halving.to_json()
        for number, weights in session.waiting.items():
            tensors |= checkpoint.add_prefix(f"waiting/{number}", weights)
        state["underway"] = {}
        for number, one in session.underway.items():
            tensors |= checkpoint.add_prefix(f"underway/{number}", one.optimizer)
            state["underway"][str(number)] = {
                "step": one.step,
                "recipe": one.recipe.to_json(),
                "window": [one.spent_seconds, one.length_seconds],
            }
    if session.head is not None:
        tensors |= _pack_head(session.head)
        state["light"] = {name: getattr(session.head, name) for name in _HEAD_FIELDS}
    if hold_out is not None:
        tensors |= checkpoint.add_prefix("answers", pack_predictions(hold_out.predictions))
        state["holdOut"] = {
            "performance": hold_out.performance.to_json(),
            "threshold": hold_out.threshold,
            "lightShare": hold_out.ensemble_weight,
        }
    return checkpoint.Checkpoint(tensors, state)


def fill(learner: Learner, saved: checkpoint.Checkpoint) -> Session:
    """Return the session that `pack` wrote, in a learner built from the same recipe."""
    restore(learner, saved.tensors)
    state = saved.state
    learner.step, learner.rate_scale = int(state["step"]), float(state["rateScale"])
    hold_out = None
    if "holdOut" in state:
        hold_out = HoldOut(
            Performance.model_validate(state["holdOut"]["performance"]),
            unpack_predictions(checkpoint.take_prefix("answers", saved.tensors)),
            float(state["holdOut"]["threshold"]),
            float(state["holdOut"]["lightShare"]),
        )
    return Session(
        learner=learner,
        stage=Stage(state["stage"]),
        window=Window(*state["window"]),
        hold_out=hold_out,
        history=list(state["history"]),
        measure_image_seconds=state.get("measureImage"),
        note=str(state.get("note", "")),
        batch_divisor=int(state.get("batchDivisor", 1)),
        halving=halvings.read_halving(state["contest"]) if "contest" in state else None,
        waiting=_unpack_numbered(saved.tensors, "waiting"),
        underway=_unpack_underway(saved),
        head=_unpack_head(saved, len(learner.task.labels)),
        head_alone=StopReason(state["headAlone"]) if state.get("headAlone") else None,
    )


_HEAD_FIELDS = ("spec", "score", "standard_error", "records")


def _pack_head(head: FittedHead) -> checkpoint.Tensors:
    tensors = checkpoint.add_prefix("light", head.model.state_dict())
    return {name: value.cpu() for name, value in tensors.items()} | {
        "lightAnswers/values": head.probabilities,
        "lightAnswers/rows": head.rows,
    }


def _unpack_head(saved: checkpoint.Checkpoint, num_labels: int) -> FittedHead | None:
    if "light" not in saved.state:
        return None
    found = saved.state["light"]
    model = ensembles.build_head(found["spec"], num_labels)
    model.load_state_dict(checkpoint.take_prefix("light", saved.tensors))
    answers = checkpoint.take_prefix("lightAnswers", saved.tensors)
    fields = {name: found[name] for name in _HEAD_FIELDS}
    return FittedHead(model=model.eval(), rows=answers["rows"], probabilities=answers["values"], **fields)


def _unpack_numbered(tensors: checkpoint.Tensors, prefix: str) -> dict[int, checkpoint.Tensors]:
    found: dict[int, checkpoint.Tensors] = {}
    for name, value in checkpoint.take_prefix(prefix, tensors).items():
        number, key = name.split("/", 1)
        found.setdefault(int(number), {})[key] = value
    return found


def _unpack_underway(saved: checkpoint.Checkpoint) -> dict[int, Underway]:
    optimizers = _unpack_numbered(saved.tensors, "underway")
    return {
        int(number): _unpack_one(one, optimizers.get(int(number), {}))
        for number, one in saved.state.get("underway", {}).items()
    }


def _unpack_one(found: dict[str, Any], optimizer: checkpoint.Tensors) -> Underway:
    spent_seconds, length_seconds = found["window"]
    return Underway(int(found["step"]), read_recipe(found["recipe"]), spent_seconds, length_seconds, optimizer)


def pack_predictions(predictions: list[Prediction]) -> checkpoint.Tensors:
    """Return predictions end to end, with how many each image has."""
    return {
        "counts": torch.tensor([len(prediction.labels) for prediction in predictions]),
        "labels": torch.from_numpy(np.concatenate([p.labels for p in predictions] or [np.zeros(0, np.int64)])),
        "scores": torch.from_numpy(np.concatenate([p.scores for p in predictions] or [np.zeros(0, np.float32)])),
        "boxes": torch.from_numpy(np.concatenate([p.boxes for p in predictions] or [np.zeros((0, 4), np.float32)])),
    }


def unpack_predictions(tensors: checkpoint.Tensors) -> list[Prediction]:
    """Return what `pack_predictions` packed."""
    labels, scores, boxes = (tensors[name].numpy() for name in ("labels", "scores", "boxes"))
    ends = np.cumsum(tensors["counts"].numpy())
    has_boxes = len(boxes) == len(labels) and len(boxes) > 0
    nothing = np.zeros((0, 4), dtype=np.float32)
    return [
        Prediction(labels[start:end], scores[start:end], boxes[start:end] if has_boxes else nothing)
        for start, end in zip(np.append(0, ends[:-1]), ends, strict=True)
    ]
