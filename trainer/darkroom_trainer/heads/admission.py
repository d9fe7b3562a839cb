"""What heads cost and whether the next one still fits: the search's account.

Owns the estimates, made of what earlier units were charged, and the record of every unit. What the final fit of the
best so far will take is always left over.
"""

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from darkroom_trainer.heads.blending import Blend
from darkroom_trainer.heads.fits.exemplars import MOST_POINTS
from darkroom_trainer.heads.fits.families import Family
from darkroom_trainer.heads.store import Store
from darkroom_trainer.heads.validation import Candidate, Trialling, Unit
from darkroom_trainer.search.trials import TrialEnd, TrialKind, TrialRecord

FIRST_RATE: Final = 1e-9
"""Seconds for one multiplication, until it has been measured: slow on any machine."""
SMALL_WORK: Final = 1e7
"""What a fit takes however small it is, in multiplications."""
CAUTION: Final = 1.5
"""Costs vary; a unit is admitted when this many times its estimate fits."""


@dataclass
class Entry:
    """One unit in the account."""

    unit: Unit
    started_at_seconds: float
    cost_seconds: float = 0.0
    fitting_seconds: float = 0.0
    """The part of the cost that is not for features, which the next unit may find there already."""
    work: float = 0.0
    candidate: Candidate | None = None
    end: TrialEnd | None = None
    why: str = ""


class Ledger:
    """Admits, charges and records units; `left` tells the charged seconds that the search may still use."""

    def __init__(
        self, store: Store, left: Callable[[], float], stop: Callable[[], bool], rows: int, started_at_seconds: float
    ) -> None:
        self._store = store
        self._left = left
        self._stop = stop
        self._rows = rows
        self._began = started_at_seconds + left()
        self._entries: list[Entry] = []
        self._image_costs: dict[str, float] = {}
        self._work: dict[int, float] = {}

    def admit(self, unit: Unit, trialling: Trialling) -> bool:
        """Return whether the unit, and the final fit after it, fit into what is left; records the refusal."""
        entry = Entry(unit, self._now())
        if self._stop():
            return self._refuse(entry, "the run was stopped", TrialEnd.PRUNED)
        if self._left() <= 0:
            return self._refuse(entry, "no time was left")
        needed = CAUTION * (self._estimate(unit, trialling) + self._estimate_final(unit))
        left = self._left()
        if needed > left:
            return self._refuse(entry, f"it would have taken about {needed:.2g} s of the {left:.2g} s left")
        return True

    def _refuse(self, entry: Entry, why: str, end: TrialEnd = TrialEnd.TOO_COSTLY) -> bool:
        entry.end, entry.why = end, why
        self._entries.append(entry)
        return False

    def _now(self) -> float:
        return self._began - self._left()

    @contextlib.contextmanager
    def charge(self, unit: Unit) -> Iterator[Entry]:
        """Note what the work within costs; a unit whose numbers fail is recorded, and the search goes on."""
        entry = Entry(unit, self._now(), work=self._work.get(id(unit), 0.0))
        fits_from = entry.started_at_seconds
        try:
            self._store.extract(unit.blocks, unit.num_views)
            fits_from = self._now()
            yield entry
        except (ValueError, RuntimeError) as error:
            entry.end, entry.why = TrialEnd.FAILED, f"{type(error).__name__}: {error}"
        entry.fitting_seconds = max(0.0, self._now() - fits_from)
        entry.cost_seconds = max(0.0, self._now() - entry.started_at_seconds)
        self._entries.append(entry)

    def _estimate(self, unit: Unit, trialling: Trialling) -> float:
        """Return the seconds of cross-validation: features that are not there yet, and fits."""
        store, size = self._store, len(trialling.store.places)
        missing = [block for block in unit.blocks if not store.has_features(block, unit.num_views)]
        extraction = sum(self._measure_image(block) for block in missing) * size * (unit.num_views + 1)
        width = sum(store.find_width(block) for block in unit.blocks)
        rows = max(len(fold.fitted) for fold in trialling.folds) * (unit.num_views + 1)
        work = len(trialling.folds) * (
            SMALL_WORK * len(unit.grid) + count_work(unit, rows, width, store.examples.num_labels)
        )
        self._work[id(unit)] = work
        return extraction + work * self._find_rate(unit.family)

    def _estimate_final(self, unit: Unit) -> float:
        """Return the seconds of fitting the unit on all rows."""
        store, rows = self._store, self._rows * (unit.num_views + 1)
        extraction = 0.0
        if self._rows > len(store.places):
            extraction = sum(self._measure_image(block) for block in unit.blocks) * rows
        width = sum(store.find_width(block) for block in unit.blocks)
        work = count_work(unit, rows, width, store.examples.num_labels) / len(unit.grid)
        return extraction + work * self._find_rate(unit.family)

    def _find_rate(self, family: Family) -> float:
        """Return the seconds for one unit of work: of the largest head of the kind, else of any kind.

        Small ones tell more of what every fit takes than of what work takes.
        """
        done = [entry for entry in self._entries if entry.work > 0 and entry.end is None]
        same = [entry for entry in done if entry.unit.family is family]
        largest = max(same or done, key=lambda entry: entry.work, default=None)
        return largest.fitting_seconds / largest.work if largest else FIRST_RATE

    def _measure_image(self, block: str) -> float:
        """Return the seconds that the features of one image take, measured once on a few."""
        if block not in self._image_costs:
            before = self._left()
            images = self._store.probe(block)
            self._image_costs[block] = max(0.0, before - self._left()) / images
        return self._image_costs[block]

    def list_records(self, winner: Blend) -> list[TrialRecord]:
        """Return one record for each unit, and one for a mean of several."""
        records = [_build_record(number, entry, winner) for number, entry in enumerate(self._entries)]
        if len(winner.members) > 1:
            records.append(_record_blend(len(records), self._now(), winner))
        return records


def count_work(unit: Unit, rows: int, width: int, num_labels: int) -> float:
    """Return about how many multiplications the unit's fits on rows of that width take."""
    settings, least = len(unit.grid), min(rows, width)
    if unit.family is Family.KERNEL:
        points = min(rows, MOST_POINTS)
        return settings * (points**3 / 3 + points * num_labels * points) + 4 * rows * points * (points + width)
    if unit.family is Family.LOGISTIC:
        return 60.0 * settings * rows * width * num_labels
    if unit.family is Family.NEIGHBOURS:
        return rows * rows * (width + settings * num_labels) / 4
    return rows * width * least + 10.0 * least**3 + settings * width * num_labels * (least + rows / 4)


def _build_record(number: int, entry: Entry, winner: Blend) -> TrialRecord:
    end, why = _explain(entry, winner)
    score = entry.candidate.score if entry.candidate else None
    settings: dict[str, Any] = dict(entry.candidate.settings) if entry.candidate else {}
    return TrialRecord(
        number=number,
        kind=TrialKind.HEAD,
        name=entry.unit.name,
        score=score.value if score else None,
        standard_error=score.standard_error if score else None,
        started_at_seconds=round(entry.started_at_seconds, 3),
        cost_seconds=round(entry.cost_seconds, 3),
        end=end,
        why=why,
        settings={**settings, "tried": len(entry.unit.grid) if entry.candidate else 0},
    )


def _explain(entry: Entry, winner: Blend) -> tuple[TrialEnd, str]:
    """Return how a unit ended, and why."""
    if entry.end is not None:
        return entry.end, entry.why
    if any(member.unit.name == entry.unit.name for member in winner.members):
        alone = len(winner.members) == 1
        return (TrialEnd.WON, "the best in cross-validation") if alone else (TrialEnd.KEPT, "part of the best mean")
    return TrialEnd.PRUNED, "another head did better in cross-validation"


def _record_blend(number: int, now_seconds: float, winner: Blend) -> TrialRecord:
    return TrialRecord(
        number=number,
        kind=TrialKind.HEAD,
        name=f"mean of {winner.name}",
        score=winner.score.value,
        standard_error=winner.score.standard_error,
        started_at_seconds=round(now_seconds, 3),
        cost_seconds=0.0,
        end=TrialEnd.WON,
        why="the best in cross-validation",
    )
