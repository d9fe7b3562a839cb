"""What heads cost and whether the next one still fits: the search's account.

Owns the estimates, made of what earlier trials were charged, and the record of every trial. What the refit of the best
so far will take is always left over.
"""

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from darkroom_trainer.heads.cross_validation import CrossValidation, HeadTrial, ScoredHead
from darkroom_trainer.heads.fits.exemplars import MOST_POINTS
from darkroom_trainer.heads.fits.families import Family
from darkroom_trainer.heads.head_ensembles import HeadEnsemble
from darkroom_trainer.heads.store import FeatureStore
from darkroom_trainer.search.trial_records import TrialEnd, TrialKind, TrialRecord

FIRST_RATE: Final = 1e-9
"""Seconds for one multiplication, until it has been measured: slow on any machine."""
SMALL_WORK: Final = 1e7
"""What a fit takes however small it is, in multiplications: 5 to 10 ms of a logistic regression on one core."""
CAUTION: Final = 1.5
"""Costs vary; a trial is admitted when this many times its estimate fits."""


class _OutOfTimeError(Exception):
    """A trial takes longer than the time that was left."""


@dataclass
class TrialCost:
    """One trial in the account."""

    trial: HeadTrial
    started_at_seconds: float
    extracted_at_seconds: float | None = None
    """When all features were there."""
    cost_seconds: float = 0.0
    fitting_seconds: float = 0.0
    """The part of the cost that is not for features, which the next trial may find there already."""
    work: float = 0.0
    scored: ScoredHead | None = None
    end: TrialEnd | None = None
    why: str = ""


class HeadLedger:
    """Admits, charges and records trials; `left` tells the charged seconds that the search may still use."""

    def __init__(
        self,
        store: FeatureStore,
        left: Callable[[], float],
        stop: Callable[[], bool],
        rows: int,
        started_at_seconds: float,
    ) -> None:
        self._store = store
        self._left = left
        self._stop = stop
        self._rows = rows
        self._began = started_at_seconds + left()
        self._entries: list[TrialCost] = []
        self._image_costs: dict[str, float] = {}
        self._work: dict[int, float] = {}

    def admit(self, trial: HeadTrial, cross_validation: CrossValidation) -> bool:
        """Return whether the trial, and the refit after it, fit into what is left; records the refusal."""
        cost = TrialCost(trial, self._now())
        if self._stop():
            return self._refuse(cost, "the run was stopped", TrialEnd.PRUNED)
        if self._left() <= 0:
            return self._refuse(cost, "no time was left")
        needed = CAUTION * (self._estimate(trial, cross_validation) + self._estimate_refit(trial))
        left = self._left()
        if needed > left:
            return self._refuse(cost, f"it would have taken about {needed:.2g} s of the {left:.2g} s left")
        return True

    def _refuse(self, cost: TrialCost, why: str, end: TrialEnd = TrialEnd.TOO_COSTLY) -> bool:
        cost.end, cost.why = end, why
        self._entries.append(cost)
        return False

    def _now(self) -> float:
        return self._began - self._left()

    @contextlib.contextmanager
    def charge(self, trial: HeadTrial) -> Iterator[TrialCost]:
        """Note what the work within costs; a trial that fails or takes too long is recorded, and the search goes on."""
        cost = TrialCost(trial, self._now(), work=self._work.get(id(trial), 0.0))
        try:
            yield cost
        except _OutOfTimeError as error:
            cost.end, cost.why = TrialEnd.TOO_COSTLY, str(error)
        except (ValueError, RuntimeError) as error:
            cost.end, cost.why = TrialEnd.FAILED, f"{type(error).__name__}: {error}"
        fits_from = cost.started_at_seconds if cost.extracted_at_seconds is None else cost.extracted_at_seconds
        cost.fitting_seconds = max(0.0, self._now() - fits_from)
        cost.cost_seconds = max(0.0, self._now() - cost.started_at_seconds)
        self._entries.append(cost)

    def extract(self, cost: TrialCost) -> None:
        """Compute the features of a trial that is being charged, as far as there is time (`check_time`)."""
        self._store.extract(cost.trial.blocks, cost.trial.num_views, self.check_time)
        cost.extracted_at_seconds = self._now()

    def check_time(self) -> None:
        """Break off the trial that is being charged where no more is left than the refit of the best so far may take.

        What was admitted was estimated, and the machine may have become slower since: the rest of the run needs its
        time all the same.
        """
        refits = (CAUTION * self._estimate_refit(cost.trial) for cost in self._list_done(*Family))
        if self._left() <= max(refits, default=0.0):
            raise _OutOfTimeError("it took longer than the time that was left")

    def _estimate(self, trial: HeadTrial, cross_validation: CrossValidation) -> float:
        """Return the seconds of cross-validation: features that are not there yet, and fits."""
        store = self._store
        extraction = sum(self._estimate_extraction(block, trial.num_views) for block in trial.blocks)
        width = sum(store.find_width(block) for block in trial.blocks)
        rows = max(len(fold.train) for fold in cross_validation.folds) * (trial.num_views + 1)
        work = len(cross_validation.folds) * (
            SMALL_WORK * self._count_fits(trial) + count_work(trial, rows, width, store.examples.num_labels)
        )
        self._work[id(trial)] = work
        return extraction + work * self._find_rate(trial.family)

    def _estimate_refit(self, trial: HeadTrial) -> float:
        """Return the seconds of fitting the trial's head on all rows."""
        store, rows = self._store, self._rows * (trial.num_views + 1)
        extraction = 0.0
        if self._rows > len(store.indices):
            extraction = sum(self._measure_image(block) for block in trial.blocks) * rows
        width = sum(store.find_width(block) for block in trial.blocks)
        whole = SMALL_WORK * self._count_fits(trial) + count_work(trial, rows, width, store.examples.num_labels)
        work = whole / len(trial.grid)
        return extraction + work * self._find_rate(trial.family)

    def _count_fits(self, trial: HeadTrial) -> int:
        """Return how often something is fitted to a fold: a regression for each label where each is alone."""
        each = trial.family is Family.LOGISTIC and self._store.examples.is_multilabel
        return len(trial.grid) * (self._store.examples.num_labels if each else 1)

    def _find_rate(self, family: Family) -> float:
        """Return the seconds for one unit of work: of the largest head of the kind, else of any kind.

        Small ones tell more of what every fit takes than of what work takes. Closed forms say nothing of a regression.
        """
        own = self._list_done(family)
        largest = max(own or self._list_done(*Family), key=lambda cost: cost.work, default=None)
        rate = largest.fitting_seconds / largest.work if largest else FIRST_RATE
        return rate if own or family is not Family.LOGISTIC else max(rate, FIRST_RATE)

    def _list_done(self, *families: Family) -> list[TrialCost]:
        return [cost for cost in self._entries if cost.work > 0 and cost.end is None and cost.trial.family in families]

    def _estimate_extraction(self, block: str, num_views: int) -> float:
        """Return the seconds of computing the features of a block that are not there yet."""
        if not self._store.count_missing(block, num_views):
            return 0.0
        image_seconds = self._measure_image(block)  # some of the features are there then
        return image_seconds * self._store.count_missing(block, num_views)

    def _measure_image(self, block: str) -> float:
        """Return the seconds that the features of one image take, measured once on a few."""
        if block not in self._image_costs:
            before = self._left()
            images = self._store.probe(block)
            self._image_costs[block] = max(0.0, before - self._left()) / images
        return self._image_costs[block]

    def list_records(self, winner: HeadEnsemble) -> list[TrialRecord]:
        """Return one record for each trial, and one for an ensemble."""
        records = [_build_record(number, cost, winner) for number, cost in enumerate(self._entries)]
        if len(winner.members) > 1:
            records.append(_record_ensemble(len(records), self._now(), winner))
        return records


def count_work(trial: HeadTrial, rows: int, width: int, num_labels: int) -> float:
    """Return about how many multiplications the trial's fits on rows of that width take."""
    settings, least = len(trial.grid), min(rows, width)
    if trial.family is Family.KERNEL:
        points = min(rows, MOST_POINTS)
        return settings * (points**3 / 3 + points * num_labels * points) + 4 * rows * points * (points + width)
    if trial.family is Family.LOGISTIC:
        return 60.0 * settings * rows * width * num_labels
    if trial.family is Family.NEIGHBOURS:
        return rows * rows * (width + settings * num_labels) / 4
    return rows * width * least + 10.0 * least**3 + settings * width * num_labels * (least + rows / 4)


def _build_record(number: int, cost: TrialCost, winner: HeadEnsemble) -> TrialRecord:
    end, why = _explain(cost, winner)
    score = cost.scored.score if cost.scored else None
    settings: dict[str, Any] = dict(cost.scored.settings) if cost.scored else {}
    return TrialRecord(
        number=number,
        kind=TrialKind.HEAD,
        name=cost.trial.name,
        score=score.value if score else None,
        standard_error=score.standard_error if score else None,
        started_at_seconds=round(cost.started_at_seconds, 3),
        cost_seconds=round(cost.cost_seconds, 3),
        end=end,
        why=why,
        settings={**settings, "tried": len(cost.trial.grid) if cost.scored else 0},
    )


def _explain(cost: TrialCost, winner: HeadEnsemble) -> tuple[TrialEnd, str]:
    """Return how a trial ended, and why."""
    if cost.end is not None:
        return cost.end, cost.why
    if any(member.trial.name == cost.trial.name for member in winner.members):
        alone = len(winner.members) == 1
        return (TrialEnd.WON, "the best in cross-validation") if alone else (TrialEnd.KEPT, "part of the best ensemble")
    return TrialEnd.PRUNED, "another head did better in cross-validation"


def _record_ensemble(number: int, now_seconds: float, winner: HeadEnsemble) -> TrialRecord:
    return TrialRecord(
        number=number,
        kind=TrialKind.HEAD,
        name=f"ensemble of {winner.name}",
        score=winner.score.value,
        standard_error=winner.score.standard_error,
        started_at_seconds=round(now_seconds, 3),
        cost_seconds=0.0,
        end=TrialEnd.WON,
        why="the best in cross-validation",
    )
