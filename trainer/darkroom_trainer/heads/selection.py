"""The search for the best light head: tries kinds by cross-validation while there is time, and fits the winner.

Owns the order of work and the choice. Time is a number that is given, in charged seconds; randomness comes from the
seed alone. A larger set is cross-validated on a part of its rows, and fitted on all.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from darkroom_trainer.heads import blending, candidates, head_fits, scoring, specs, validation
from darkroom_trainer.heads.admission import Ledger
from darkroom_trainer.heads.fits import folds
from darkroom_trainer.heads.fits.model import NO_BACKBONES, LightModel, Spec
from darkroom_trainer.heads.store import Examples, Store, Views
from darkroom_trainer.search.trials import TrialRecord

LEAST_ROWS: Final = 3_000
MOST_ROWS: Final = 8_000
"""Rows that are cross-validated, the more the more labels; of a larger set a part of every label is."""
KEPT_ANSWERS: Final = 10
"""Best candidates whose kept-out answers stay in memory."""

Seconds = Callable[[], float]


@dataclass(frozen=True)
class LightSearch:
    """The winner, fitted on all rows, and the evidence for it.

    The score is top-1, or the mean average precision where rows have several labels; None where no label has two
    images. `probabilities` (M, C) are kept-out answers where `validated` (M,) says so, and equal shares elsewhere.
    """

    spec: Spec
    model: LightModel
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
    backbones: Mapping[str, nn.Module] = NO_BACKBONES,
    started_at_seconds: float = 0.0,
) -> LightSearch | None:
    """Return the best light head that was found in the time left; None where not even the first one fitted into it.

    `started_at_seconds` is what the meter shows now: the records count from it. `backbones` are modules that give maps
    (B, D, h, w) or features (B, D) of normalized images, by name.
    """
    strata = folds.build_strata(examples.labels.cpu().numpy())
    most = int(np.clip(5 * examples.num_labels, LEAST_ROWS, MOST_ROWS))
    places = folds.choose_rows(strata, most, seed)
    store = Store(examples, places, views, backbones)
    ledger = Ledger(store, left_seconds, stop, len(examples.rows), started_at_seconds)
    division = folds.build_folds(strata[places], seed)
    num_views = candidates.count_views(len(places), has_views=views is not None)
    if not division:
        return _fit_default(store, num_views, seed)
    trialling = validation.build_trialling(store, division)
    search = _Search(trialling, ledger)
    has_colour = detect_colour(examples)
    sets = candidates.list_sets(has_colour=has_colour, backbones=list(backbones))
    search.try_all(candidates.plan_first(sets, num_views, several=examples.several))
    if not search.candidates:
        return None
    ranked = blending.rank(search.candidates)
    second = candidates.plan_second(ranked, num_views, len(places), examples.num_labels, several=examples.several)
    search.try_all(second)
    return _finish(search, seed)


def detect_colour(examples: Examples) -> bool:
    """Return whether any of the first images has colours."""
    some = examples.images[torch.from_numpy(examples.rows[:64]).to(examples.images.device)].int()
    return bool(((some[..., 0] - some[..., 1]).abs() + (some[..., 1] - some[..., 2]).abs()).max() > 8)


class _Search:
    """The candidates so far; only the best keep their answers."""

    def __init__(self, trialling: validation.Trialling, ledger: Ledger) -> None:
        self.trialling = trialling
        self.ledger = ledger
        self.candidates: list[validation.Candidate] = []

    def try_all(self, units: Sequence[validation.Unit]) -> None:
        """Try those that there is time for, in order."""
        for unit in units:
            if not self.ledger.admit(unit, self.trialling):
                continue
            with self.ledger.charge(unit) as entry:
                candidate = validation.try_unit(self.trialling, unit)
                entry.candidate = validation.strip(candidate)
                self.candidates.append(candidate)
        self.candidates = blending.rank(self.candidates)[:KEPT_ANSWERS]


def _finish(search: _Search, seed: int) -> LightSearch:
    """Fit the winner on all rows; one head or the mean of a few."""
    trialling, store = search.trialling, search.trialling.store
    winner = blending.blend_best(validation.choose(search.candidates), search.candidates, trialling)
    model = head_fits.fit_on(specs.build_spec(winner, store), store, seed)
    probabilities, validated = _spread(trialling, winner)
    return LightSearch(
        spec=model.spec,
        model=model,
        score=winner.score.value,
        standard_error=winner.score.standard_error,
        log_loss=winner.score.log_loss,
        probabilities=probabilities,
        validated=validated,
        trials=search.ledger.list_records(winner),
    )


def _spread(
    trialling: validation.Trialling, winner: blending.Blend
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.bool_]]:
    """Return the kept-out probabilities for all rows, and which rows have them."""
    examples, places = trialling.store.examples, trialling.store.places[trialling.seen]
    probabilities, validated = _build_unknown(examples)
    found = scoring.to_probabilities(winner.logits, several=examples.several)
    probabilities[places] = found.cpu().numpy()
    validated[places] = True
    return probabilities, validated


def _build_unknown(examples: Examples) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.bool_]]:
    share = 0.5 if examples.several else 1 / examples.num_labels
    shape = (len(examples.rows), examples.num_labels)
    return np.full(shape, share, dtype=np.float32), np.zeros(shape[0], dtype=bool)


def _fit_default(store: Store, num_views: int, seed: int) -> LightSearch:
    """Fit what does well on most sets, where nothing can be kept out."""
    model = head_fits.fit_on(specs.build_default_spec(store, num_views), store, seed)
    probabilities, validated = _build_unknown(store.examples)
    return LightSearch(model.spec, model, None, None, None, probabilities, validated, [])
