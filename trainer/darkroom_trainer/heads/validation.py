"""What a kind of head says of rows that it was not fitted on.

Owns the rule that nothing of a kept-out row, neither its features nor its label nor its views, reaches the fit, the
scale included. Must not choose.
"""

import dataclasses
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch

from darkroom_trainer.heads import scoring
from darkroom_trainer.heads.fits import families, temperature as calibrations
from darkroom_trainer.heads.fits.folds import Fold, Rows
from darkroom_trainer.heads.fits.linear import Batches
from darkroom_trainer.heads.fits.scaling import fit_scale
from darkroom_trainer.heads.store import Store

MOST_OUTPUTS: Final = 50_000_000
"""Answers of all settings together that are held in memory."""


@dataclass(frozen=True)
class Unit:
    """One kind of head on some blocks of features, fitted on so many views beside the images, at all settings."""

    blocks: tuple[str, ...]
    family: families.Family
    num_views: int
    grid: tuple[families.Settings, ...]

    @property
    def name(self) -> str:
        """Return what people read."""
        views = f" with {self.num_views} views" if self.num_views else ""
        return f"{self.family.value} on {'+'.join(self.blocks)}{views}"


@dataclass(frozen=True)
class Candidate:
    """A unit at its best settings, with calibrated answers (R, K, C) to kept-out rows, and their score."""

    unit: Unit
    settings: families.Settings
    calibration: calibrations.Calibration
    logits: torch.Tensor
    score: scoring.Score


@dataclass(frozen=True)
class Trialling:
    """What every unit is tried on; `seen` are the places that are kept out once in each repeat."""

    store: Store
    folds: list[Fold]
    seen: Rows
    marks: torch.Tensor

    @property
    def several(self) -> bool:
        """Return whether a row has any number of labels."""
        return self.store.examples.several

    @property
    def repeats(self) -> int:
        """Return how often every row is kept out."""
        return 1 + max(fold.repeat for fold in self.folds)


def build_trialling(store: Store, folds: list[Fold]) -> Trialling:
    """Return the folds with what the kept-out rows should be answered with."""
    seen = np.unique(np.concatenate([fold.kept_out for fold in folds]))
    return Trialling(store, folds, seen, store.examples.build_marks(store.places[seen]))


def predict_kept_out(trialling: Trialling, unit: Unit) -> torch.Tensor:
    """Return the raw outputs (G, R, K, C) of each setting for the seen rows."""
    shape = (len(unit.grid), trialling.repeats, *trialling.marks.shape)
    outputs = trialling.marks.new_zeros(shape)
    for fold in trialling.folds:
        places = torch.from_numpy(np.searchsorted(trialling.seen, fold.kept_out)).to(outputs.device)
        for setting, raw in enumerate(fit_and_predict(trialling.store, unit, fold)):
            outputs[setting, fold.repeat, places] = raw
    return outputs


def fit_and_predict(store: Store, unit: Unit, fold: Fold) -> list[torch.Tensor]:
    """Return the raw outputs (K, C) for the kept-out rows of one fold, for each setting."""
    features = store.gather(unit.blocks, fold.fitted, unit.num_views)
    scale = fit_scale(features, [store.find_width(block) for block in unit.blocks])
    scaled = scale.apply(features)
    marks = store.examples.build_marks(store.places[fold.fitted]).repeat(unit.num_views + 1, 1)
    batches = Batches(len(scaled), scaled.shape[1], lambda: iter([(scaled, marks)]))
    heads = families.fit_family(unit.family, batches, unit.grid, several=store.examples.several)
    asked = scale.apply(store.gather(unit.blocks, fold.kept_out, 0))
    return [head.apply(asked) for head in heads]


def try_unit(trialling: Trialling, unit: Unit) -> Candidate:
    """Return the unit at the settings that answer best; ValueError where no setting gives finite answers."""
    unit = thin_grid(unit, trialling.repeats * trialling.marks.numel())
    outputs = predict_kept_out(trialling, unit)
    found = [
        evaluate(trialling, unit, setting, raw)
        for setting, raw in zip(unit.grid, outputs, strict=True)
        if bool(torch.isfinite(raw).all())
    ]
    if not found:
        raise ValueError(f"{unit.name}: no settings with finite answers")
    return choose(found)


def thin_grid(unit: Unit, outputs: int) -> Unit:
    """Return the unit with as many of its settings, evenly spread, as leave their answers in memory."""
    most = max(1, MOST_OUTPUTS // max(1, outputs))
    if len(unit.grid) <= most:
        return unit
    kept = np.linspace(0, len(unit.grid) - 1, most + 2).round().astype(int)[1:-1]
    return dataclasses.replace(unit, grid=tuple(unit.grid[place] for place in np.unique(kept)))


def evaluate(trialling: Trialling, unit: Unit, settings: families.Settings, raw: torch.Tensor) -> Candidate:
    """Return the candidate of raw outputs (R, K, C)."""
    marks = trialling.marks
    all_marks = marks.repeat(len(raw), 1)
    fitted = calibrations.calibrate(raw.flatten(0, 1), all_marks, several=trialling.several)
    logits = fitted.apply(raw)
    return Candidate(unit, settings, fitted, logits, scoring.measure(logits, marks, several=trialling.several))


def choose(candidates: list[Candidate]) -> Candidate:
    """Return the best by value less standard error; of those that chance cannot tell apart, the lowest log loss."""
    best = max(candidates, key=lambda candidate: candidate.score.cautious)
    floor = best.score.cautious - 0.5 * best.score.standard_error
    near = [candidate for candidate in candidates if candidate.score.cautious >= floor]
    return min(near, key=lambda candidate: candidate.score.log_loss)


def strip(candidate: Candidate) -> Candidate:
    """Return the candidate without its answers, which may be large."""
    return dataclasses.replace(candidate, logits=candidate.logits.new_zeros(0))
