"""What a kind of head predicts of rows that it was not fitted on.

Owns the rule that nothing of a validation row, neither its features nor its label nor its views, reaches the fit, the
scale included. Must not choose.
"""

import dataclasses
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch

from darkroom_trainer.features.block_names import is_of_network
from darkroom_trainer.heads import head_scores
from darkroom_trainer.heads.fits import families, temperature as calibrations
from darkroom_trainer.heads.fits.folds import Fold, Rows
from darkroom_trainer.heads.fits.linear import Batches
from darkroom_trainer.heads.fits.scaling import fit_scale
from darkroom_trainer.heads.store import Check, FeatureStore, go_on

MOST_OUTPUTS: Final = 50_000_000
"""Outputs of all settings together that are held in memory."""


@dataclass(frozen=True)
class HeadTrial:
    """One kind of head on some blocks of features, fitted on so many views beside the images, at all settings."""

    blocks: tuple[str, ...]
    family: families.Family
    num_views: int
    grid: tuple[families.Settings, ...]

    @property
    def is_pretrained(self) -> bool:
        """Return whether the head sees nothing but what pretrained networks say."""
        return all(is_of_network(block) for block in self.blocks)

    @property
    def name(self) -> str:
        """Return what people read."""
        views = f" with {self.num_views} views" if self.num_views else ""
        return f"{self.family.value} on {'+'.join(self.blocks)}{views}"


@dataclass(frozen=True)
class ScoredHead:
    """A trial at its best settings, with calibrated out-of-fold logits (R, K, C), and their score."""

    trial: HeadTrial
    settings: families.Settings
    calibration: calibrations.Calibration
    logits: torch.Tensor
    score: head_scores.HeadScore


@dataclass(frozen=True)
class CrossValidation:
    """What every trial is fitted on; `out_of_fold` are the indices that are validation rows once in each repeat."""

    store: FeatureStore
    folds: list[Fold]
    out_of_fold: Rows
    one_hot: torch.Tensor

    @property
    def is_multilabel(self) -> bool:
        """Return whether a row has any number of labels."""
        return self.store.examples.is_multilabel

    @property
    def repeats(self) -> int:
        """Return how often every row is a validation row."""
        return 1 + max(fold.repeat for fold in self.folds)


def build_cross_validation(store: FeatureStore, folds: list[Fold]) -> CrossValidation:
    """Return the folds with the targets of their validation rows."""
    out_of_fold = np.unique(np.concatenate([fold.validation for fold in folds]))
    return CrossValidation(store, folds, out_of_fold, store.examples.build_one_hot(store.indices[out_of_fold]))


def predict_out_of_fold(cross_validation: CrossValidation, trial: HeadTrial, check: Check = go_on) -> torch.Tensor:
    """Return the raw outputs (G, R, K, C) of each setting for the validation rows; `check` is called before a fold."""
    shape = (len(trial.grid), cross_validation.repeats, *cross_validation.one_hot.shape)
    outputs = cross_validation.one_hot.new_zeros(shape)
    for fold in cross_validation.folds:
        check()
        indices = torch.from_numpy(np.searchsorted(cross_validation.out_of_fold, fold.validation)).to(outputs.device)
        for setting, raw in enumerate(fit_and_predict(cross_validation.store, trial, fold)):
            outputs[setting, fold.repeat, indices] = raw
    return outputs


def fit_and_predict(store: FeatureStore, trial: HeadTrial, fold: Fold) -> list[torch.Tensor]:
    """Return the raw outputs (K, C) for the validation rows of one fold, for each setting."""
    features = store.gather(trial.blocks, fold.train, trial.num_views)
    scale = fit_scale(features, [store.find_width(block) for block in trial.blocks])
    scaled = scale.apply(features)
    one_hot = store.examples.build_one_hot(store.indices[fold.train]).repeat(trial.num_views + 1, 1)
    batches = Batches(len(scaled), scaled.shape[1], lambda: iter([(scaled, one_hot)]))
    heads = families.fit_family(trial.family, batches, trial.grid, is_multilabel=store.examples.is_multilabel)
    asked = scale.apply(store.gather(trial.blocks, fold.validation, 0))
    return [head.apply(asked) for head in heads]


def run_trial(cross_validation: CrossValidation, trial: HeadTrial, check: Check = go_on) -> ScoredHead:
    """Return the trial at the settings that predict best; ValueError where no setting gives finite outputs.

    What `check` raises, which is called before each fold, ends it.
    """
    trial = thin_grid(trial, cross_validation.repeats * cross_validation.one_hot.numel())
    outputs = predict_out_of_fold(cross_validation, trial, check)
    found = [
        evaluate(cross_validation, trial, setting, raw)
        for setting, raw in zip(trial.grid, outputs, strict=True)
        if bool(torch.isfinite(raw).all())
    ]
    if not found:
        raise ValueError(f"{trial.name}: no settings with finite outputs")
    return choose(found)


def thin_grid(trial: HeadTrial, outputs: int) -> HeadTrial:
    """Return the trial with as many of its settings, evenly spread, as leave their outputs in memory."""
    most = max(1, MOST_OUTPUTS // max(1, outputs))
    if len(trial.grid) <= most:
        return trial
    kept = np.linspace(0, len(trial.grid) - 1, most + 2).round().astype(int)[1:-1]
    return dataclasses.replace(trial, grid=tuple(trial.grid[index] for index in np.unique(kept)))


def evaluate(
    cross_validation: CrossValidation, trial: HeadTrial, settings: families.Settings, raw: torch.Tensor
) -> ScoredHead:
    """Return the scored head of raw outputs (R, K, C)."""
    one_hot = cross_validation.one_hot
    all_one_hot = one_hot.repeat(len(raw), 1)
    fitted = calibrations.calibrate(raw.flatten(0, 1), all_one_hot, is_multilabel=cross_validation.is_multilabel)
    logits = fitted.apply(raw)
    return ScoredHead(
        trial,
        settings,
        fitted,
        logits,
        head_scores.measure(logits, one_hot, is_multilabel=cross_validation.is_multilabel),
    )


def choose(scored_heads: list[ScoredHead]) -> ScoredHead:
    """Return the best by value less standard error; of those that chance cannot tell apart, the lowest log loss."""
    best = max(scored_heads, key=lambda scored: scored.score.lower)
    floor = best.score.lower - 0.5 * best.score.standard_error
    near = [scored for scored in scored_heads if scored.score.lower >= floor]
    return min(near, key=lambda scored: scored.score.log_loss)


def strip(scored: ScoredHead) -> ScoredHead:
    """Return the head without its logits, which may be large."""
    return dataclasses.replace(scored, logits=scored.logits.new_zeros(0))
