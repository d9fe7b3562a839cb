"""Whether the next head still fits into the time, and what is written down of each."""

import re
from collections.abc import Callable

import numpy as np
import pytest

from darkroom_trainer.heads import admission, cross_validation as cross_validations, head_ensembles
from darkroom_trainer.heads.fits import folds
from darkroom_trainer.heads.fits.families import GRIDS, Family
from darkroom_trainer.heads.store import FeatureStore
from darkroom_trainer.search.trial_records import TrialEnd
from tests.unit.trainer.head_examples import build_examples, build_multilabel, count_down, stop_after, unhurried

LABELS = np.repeat(np.arange(3), 6)
STORE = FeatureStore(build_examples(LABELS, 3), np.arange(len(LABELS)))
DIVISION = cross_validations.build_cross_validation(STORE, folds.build_folds(LABELS, seed=0))
TRIAL = cross_validations.HeadTrial(("grey8",), Family.RIDGE, 0, GRIDS[Family.RIDGE])
OTHER = cross_validations.HeadTrial(("gradients4",), Family.RIDGE, 0, GRIDS[Family.RIDGE])


def a_ledger(left: Callable[[], float] = unhurried, stop: Callable[[], bool] = lambda: False) -> admission.HeadLedger:
    return admission.HeadLedger(STORE, left, stop, len(LABELS), started_at_seconds=5.0)


def run(ledger: admission.HeadLedger, trial: cross_validations.HeadTrial) -> cross_validations.ScoredHead:
    """Run a trial as the search does."""
    assert ledger.admit(trial, DIVISION)
    with ledger.charge(trial) as entry:
        ledger.extract(entry)
        entry.scored = cross_validations.run_trial(DIVISION, trial)
    assert entry.scored is not None
    return entry.scored


def win(*members: cross_validations.ScoredHead) -> head_ensembles.HeadEnsemble:
    return head_ensembles.build_ensemble(members, DIVISION)


REFUSED = {
    "a stop was asked for": (unhurried, stop_after(0), TrialEnd.PRUNED, "the run was stopped"),
    "no time is left": (lambda: 0.0, lambda: False, TrialEnd.TOO_COSTLY, "no time was left"),
    "less time is left than it takes": (
        lambda: 1e-6, lambda: False, TrialEnd.TOO_COSTLY, r"it would have taken about .* s of the 1e-06 s left",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("left", "stop", "end", "why"), REFUSED.values(), ids=REFUSED.keys())
def test_a_head_is_refused_and_that_is_written_down_where(
    left: Callable[[], float], stop: Callable[[], bool], end: TrialEnd, why: str
) -> None:
    winner = win(run(a_ledger(), OTHER))
    ledger = a_ledger(left, stop)
    assert not ledger.admit(TRIAL, DIVISION)
    (record,) = ledger.list_records(winner)
    assert (record.name, record.end, record.score) == (TRIAL.name, end, None)
    assert re.fullmatch(why, record.why)


def test_a_trial_is_charged_what_it_took_and_counts_from_what_the_meter_showed() -> None:
    ledger = a_ledger(count_down(1000.0, each=1.0))
    scored = run(ledger, TRIAL)
    (record,) = ledger.list_records(win(scored))
    assert record.started_at_seconds >= 5.0
    assert record.cost_seconds > 0
    assert (record.end, record.settings["tried"]) == (TrialEnd.WON, len(TRIAL.grid))
    assert record.score == scored.score.value


def test_a_trial_whose_features_take_longer_than_there_is_time_is_broken_off() -> None:
    seconds, store = [9.0], FeatureStore(build_examples(LABELS, 3), np.arange(len(LABELS)))
    ledger = admission.HeadLedger(store, lambda: seconds[0], lambda: False, len(LABELS), started_at_seconds=0.0)
    with ledger.charge(TRIAL) as entry:
        seconds[0] = 0.0
        ledger.extract(entry)
        raise AssertionError("nothing follows")
    assert (entry.end, entry.why) == (TrialEnd.TOO_COSTLY, "it took longer than the time that was left")
    assert store.count_missing("grey8", 0) == len(LABELS)


def test_a_trial_that_takes_too_long_is_broken_off_between_two_folds_and_leaves_the_refit_of_the_best() -> None:
    seconds, looks = [1e6], [0]

    def left() -> float:
        seconds[0] -= 1.0
        return seconds[0]

    def check() -> None:
        looks[0] += 1
        seconds[0] = 1.0001 if looks[0] == 2 else 1e6
        ledger.check_time()

    ledger = admission.HeadLedger(STORE, left, lambda: False, len(LABELS), started_at_seconds=0.0)
    best = run(ledger, OTHER)
    with ledger.charge(TRIAL) as entry:
        cross_validations.run_trial(DIVISION, TRIAL, check)
    assert (looks[0], entry.end) == (2, TrialEnd.TOO_COSTLY), "some time is left, less than the refit may take"
    assert [record.end for record in ledger.list_records(win(best))] == [TrialEnd.WON, TrialEnd.TOO_COSTLY]


def test_a_regression_of_each_label_counts_by_itself_however_fast_closed_forms_are() -> None:
    seconds, store = [1e6], FeatureStore(build_multilabel(12, 4), np.arange(12))
    division = cross_validations.build_cross_validation(store, folds.build_folds(np.arange(12) % 2, seed=0))
    ledger = admission.HeadLedger(store, lambda: seconds[0], lambda: False, 12, started_at_seconds=0.0)
    ridge, logistic = (
        cross_validations.HeadTrial(("grey8",), family, 0, GRIDS[family]) for family in (Family.RIDGE, Family.LOGISTIC)
    )
    assert ledger.admit(ridge, division)
    with ledger.charge(ridge) as entry:
        entry.scored = cross_validations.run_trial(division, ridge)
    seconds[0] = 0.01 * 4 * len(logistic.grid) * len(division.folds)
    assert ledger.admit(ridge, division)
    assert not ledger.admit(logistic, division)


def test_a_trial_whose_numbers_fail_is_told_and_the_search_goes_on() -> None:
    ledger = a_ledger()
    with ledger.charge(TRIAL):
        raise RuntimeError("singular matrix")
    winner = win(run(ledger, OTHER))
    failed, won = ledger.list_records(winner)
    assert (failed.end, failed.why) == (TrialEnd.FAILED, "RuntimeError: singular matrix")
    assert won.end is TrialEnd.WON


def test_the_parts_of_an_ensemble_are_kept_and_the_ensemble_has_a_record_of_its_own() -> None:
    ledger = a_ledger()
    loser = cross_validations.HeadTrial(("textures",), Family.RIDGE, 0, GRIDS[Family.RIDGE])
    first, second, _ = (run(ledger, trial) for trial in (TRIAL, OTHER, loser))
    records = ledger.list_records(win(first, second))
    assert [record.end for record in records] == [TrialEnd.KEPT, TrialEnd.KEPT, TrialEnd.PRUNED, TrialEnd.WON]
    assert records[-1].name == f"ensemble of {TRIAL.name} and {OTHER.name}"
    assert [record.number for record in records] == [0, 1, 2, 3]


@pytest.mark.parametrize("family", list(Family))
def test_more_rows_features_and_settings_are_more_work(family: Family) -> None:
    trial = cross_validations.HeadTrial(("grey8",), family, 0, GRIDS[family])
    work = admission.count_work(trial, rows=100, width=50, num_labels=5)
    assert admission.count_work(trial, rows=200, width=50, num_labels=5) > work
    assert admission.count_work(trial, rows=100, width=100, num_labels=5) > work
    twice = cross_validations.HeadTrial(trial.blocks, family, 0, trial.grid * 2)
    assert admission.count_work(twice, rows=100, width=50, num_labels=5) > work
