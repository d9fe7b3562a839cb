"""The search for the best frozen-feature classifier: cross-validates kinds while there is time, fits the winner.

Owns the order of work and the choice. Time is a number that is given, in charged seconds; randomness comes from the
seed alone. A larger set is cross-validated on a part of its rows, and fitted on all.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import torch

from darkroom_trainer.heads import (
    cross_validation as cross_validations,
    head_ensembles,
    prior,
    refitting,
    specs,
    trial_plan,
)
from darkroom_trainer.heads.admission import HeadLedger
from darkroom_trainer.heads.feature_tables import FeatureTables
from darkroom_trainer.heads.fits import folds
from darkroom_trainer.heads.fits.model import NO_BACKBONES, FrozenClassifier, Spec
from darkroom_trainer.heads.store import Examples, FeatureStore, Networks, Views
from darkroom_trainer.search.trial_records import TrialRecord

LEAST_ROWS: Final = 3_000
MOST_ROWS: Final = 8_000
"""Rows that are cross-validated, the more the more labels; of a larger set a part of every label is."""
KEPT_PREDICTIONS: Final = 10
"""Best heads, on pretrained features and on others, whose out-of-fold predictions stay in memory."""

Seconds = Callable[[], float]


@dataclass(frozen=True)
class HeadSearch:
    """The winner, fitted on all rows, and the evidence for it.

    The score is top-1, or the mean average precision where rows have several labels; None where no label has two
    images. `probabilities` (M, C) are out-of-fold predictions where `validated` (M,) says so, and equal for all labels
    elsewhere.
    """

    spec: Spec
    model: FrozenClassifier
    score: float | None
    standard_error: float | None
    log_loss: float | None
    probabilities: npt.NDArray[np.float32]
    validated: npt.NDArray[np.bool_]
    trials: list[TrialRecord]


def search_heads(
    examples: Examples,
    *,
    seed: int,
    left_seconds: Seconds,
    stop: Callable[[], bool] = lambda: False,
    views: Views | None = None,
    backbones: Networks = NO_BACKBONES,
    tables: FeatureTables | None = None,
    started_at_seconds: float = 0.0,
) -> HeadSearch | None:
    """Return the best head that was found in the time left; None where not even the first one fitted into it.

    `started_at_seconds` is what the meter shows now: the records count from it. `tables` keep what the `backbones` say.
    """
    strata = folds.build_strata(examples.labels.cpu().numpy())
    most = int(np.clip(5 * examples.num_labels, LEAST_ROWS, MOST_ROWS))
    indices = folds.choose_rows(strata, most, seed)
    store = FeatureStore(examples, indices, views, backbones, tables)
    ledger = HeadLedger(store, left_seconds, stop, len(examples.rows), started_at_seconds)
    division = folds.build_folds(strata[indices], seed)
    num_views = trial_plan.count_views(len(indices), has_views=views is not None)
    if not division:
        return _fit_default(store, num_views, seed)
    cross_validation = cross_validations.build_cross_validation(store, division)
    search = _Search(cross_validation, ledger)
    has_colour = detect_colour(examples)
    sets = trial_plan.list_sets(has_colour=has_colour, backbones=list(backbones), rows=len(indices))
    search.try_all(trial_plan.plan_first(sets, num_views, is_multilabel=examples.is_multilabel))
    if not search.scored_heads:
        return None
    ranked = head_ensembles.rank(prior.favour_pretrained(search.scored_heads))
    second = trial_plan.plan_second(
        ranked, num_views, len(indices), examples.num_labels, is_multilabel=examples.is_multilabel
    )
    search.try_all(second)
    return _finish(search, seed)


def detect_colour(examples: Examples) -> bool:
    """Return whether any of the first images has colours."""
    some = examples.images[torch.from_numpy(examples.rows[:64]).to(examples.images.device)].int()
    return bool(((some[..., 0] - some[..., 1]).abs() + (some[..., 1] - some[..., 2]).abs()).max() > 8)


class _Search:
    """The heads that were tried so far; only the best keep their predictions."""

    def __init__(self, cross_validation: cross_validations.CrossValidation, ledger: HeadLedger) -> None:
        self.cross_validation = cross_validation
        self.ledger = ledger
        self.scored_heads: list[cross_validations.ScoredHead] = []

    def try_all(self, trials: Sequence[cross_validations.HeadTrial]) -> None:
        """Try those that there is time for, in order."""
        for trial in trials:
            if not self.ledger.admit(trial, self.cross_validation):
                continue
            with self.ledger.charge(trial) as entry:
                self.ledger.extract(entry)
                scored = cross_validations.run_trial(self.cross_validation, trial, self.ledger.check_time)
                entry.scored = cross_validations.strip(scored)
                self.scored_heads.append(scored)
        parts = prior.split_heads(self.scored_heads)
        self.scored_heads = [one for part in parts for one in head_ensembles.rank(part)[:KEPT_PREDICTIONS]]


def _finish(search: _Search, seed: int) -> HeadSearch:
    """Fit the winner on all rows; one head or the mean of a few."""
    cross_validation, store = search.cross_validation, search.cross_validation.store
    favoured = prior.favour_pretrained(search.scored_heads)
    winner = head_ensembles.select_ensemble(cross_validations.choose(favoured), favoured, cross_validation)
    model = refitting.fit_on(specs.build_spec(winner, store), store, seed)
    probabilities, validated = _scatter_predictions(cross_validation, winner)
    return HeadSearch(
        spec=model.spec,
        model=model,
        score=winner.score.value,
        standard_error=winner.score.standard_error,
        log_loss=winner.score.log_loss,
        probabilities=probabilities,
        validated=validated,
        trials=search.ledger.list_records(winner),
    )


def _scatter_predictions(
    cross_validation: cross_validations.CrossValidation, winner: head_ensembles.HeadEnsemble
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.bool_]]:
    """Return the out-of-fold probabilities for all rows, and which rows have them."""
    examples, indices = cross_validation.store.examples, cross_validation.store.indices[cross_validation.out_of_fold]
    probabilities, validated = _build_unknown(examples)
    probabilities[indices] = winner.average(is_multilabel=examples.is_multilabel).cpu().numpy()
    validated[indices] = True
    return probabilities, validated


def _build_unknown(examples: Examples) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.bool_]]:
    share = 0.5 if examples.is_multilabel else 1 / examples.num_labels
    shape = (len(examples.rows), examples.num_labels)
    return np.full(shape, share, dtype=np.float32), np.zeros(shape[0], dtype=bool)


def _fit_default(store: FeatureStore, num_views: int, seed: int) -> HeadSearch:
    """Fit what does well on most sets, where nothing can be held out."""
    model = refitting.fit_on(specs.build_default_spec(store, num_views), store, seed)
    probabilities, validated = _build_unknown(store.examples)
    return HeadSearch(model.spec, model, None, None, None, probabilities, validated, [])
