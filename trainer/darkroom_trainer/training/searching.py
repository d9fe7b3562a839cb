"""The search of a training: trials train by turns on the hold-out run's images until more does not help.

Owns the order of training, scoring and deciding; the rules are `search.halving`'s. Must not know how a window is
trained or what follows the search.
"""

import logging
from typing import Any, Final

from darkroom_trainer.checkpoints.sessions import Session
from darkroom_trainer.data import annotations
from darkroom_trainer.loop import inference, training_loop
from darkroom_trainer.runtime import stopping
from darkroom_trainer.search import halving as halvings, trial_records, trial_scores
from darkroom_trainer.search.halving import Halving, Trial
from darkroom_trainer.training import fitting, training_run

LOG = logging.getLogger(__name__)

RESTART_RATE: Final = 0.6
"""Peak learning rate of rounds after the first, as a part of the first: they go on from good weights."""


def begin_search(run: training_run.TrainingRun, fitter: fitting.Fitter, session: Session) -> None:
    """Open the halving and its first window; raises RunError(BudgetNotEnough) where nothing useful fits.

    The start is saved, and planned again once the save's cost is known.
    """
    run.plan_hold_out()
    fitter.open_window(session, 0.0, must_save=True)
    window = run.plan_hold_out()
    contest = halvings.open_halving(run.portfolio, window.starts_at, window.ends_at, run.least_seconds)
    if session.head is not None:
        contest.has_perfect_head = halvings.is_at_ceiling(session.head.score, len(session.head.rows))
    session.halving = contest
    fitter.open_window(session, halvings.choose_length(contest, _find_left(run, contest)))


def run_search(run: training_run.TrainingRun, fitter: fitting.Fitter, session: Session) -> None:
    """Train and score until the halving stops; the session's learner is then its winner.

    Raises RunError(TrainingDiverged) where every trial diverged; RunStopped after a checkpoint.
    """
    contest = session.halving
    assert contest is not None, "begin_search came first"
    while contest.stop_reason is None:
        contender = contest.current
        try:
            fitter.fit(session)
            _end_unit(run, session, contest, contender)
        except training_loop.NonFiniteLoss as error:
            if len(contest.trials) == 1:
                raise fitter.explain_divergence() from error
            _drop(contest, contender)
        except stopping.RunStopped:
            fitter.save(session)
            raise
        if contest.stop_reason is None:
            _go_on(run, fitter, session, contest, contender)
    LOG.info("the search ended: %s", contest.stop_reason)


def _end_unit(run: training_run.TrainingRun, session: Session, contest: Halving, contender: Trial) -> None:
    """Score what has trained; a last recipe that has used up the time is scored once, by what follows the search."""
    started = session.window.starts_at
    images = (session.learner.step - contender.step) * session.learner.recipe.batch_size
    contender.passes += images
    fitting.put_aside(session, contender)
    is_last = len(contest.trials) == 1 and _find_left(run, contest) < run.least_seconds
    if not is_last:
        contender.scores.append(_score(run, session))
    contender.cost_seconds += run.place.meter.charged_seconds - started


def _score(run: training_run.TrainingRun, session: Session) -> halvings.Score:
    rows = run.rows.held_out
    predictions = inference.predict_rows(session.learner.model, run.task, run.data, rows, run.place.device)
    truths = annotations.build_truths(run.dataset, rows)
    return trial_scores.score_predictions(run.task.kind, predictions, truths, len(run.task.labels))


def _go_on(
    run: training_run.TrainingRun, fitter: fitting.Fitter, session: Session, contest: Halving, last: Trial
) -> None:
    """Open the next trial's window; where there is none, note why and put the winner into the session."""
    if contest.queue[:1] == [last.number]:
        contest.queue.pop(0)
    if not contest.queue:
        left_seconds = _find_left(run, contest)
        contest.stop_reason = halvings.find_stop(contest, len(run.rows.held_out), left_seconds, run.least_seconds)
        if contest.stop_reason is not None:
            fitter.take_up(session, contest.leader)
            return
        for loser in halvings.end_round(contest, left_seconds):
            _record(
                contest,
                loser,
                trial_records.TrialEnd.PRUNED,
                f"scored below the better half after round {contest.round}",
            )
            session.waiting.pop(loser.number, None)
    fitter.take_up(session, contest.current)
    session.learner.rate_scale = RESTART_RATE if contest.round else 1.0
    fitter.open_window(session, halvings.choose_length(contest, _find_left(run, contest)))


def _drop(contest: Halving, contender: Trial) -> None:
    """Take a recipe that diverged twice out of the halving."""
    contest.trials.remove(contender)
    _record(contest, contender, trial_records.TrialEnd.FAILED, "its loss became non-finite (NaN or Inf) twice")


def _record(contest: Halving, contender: Trial, end: trial_records.TrialEnd, why: str) -> None:
    contest.ended.append(build_record(contender, end, why, contest.round).to_json())


def _find_left(run: training_run.TrainingRun, contest: Halving) -> float:
    return max(0.0, contest.ends_at_seconds - run.place.meter.charged_seconds)


def list_trials(session: Session) -> list[dict[str, Any]]:
    """Return the records of all that was tried: light heads, losers, and what was left in the end."""
    contest, share = session.halving, session.ensemble_weight
    heads = [_judge_head(record, share) for record in (session.head.records if session.head else [])]
    if contest is None:
        return heads
    found = list(contest.ended)
    for one in contest.trials:
        is_winner = one is contest.leader and share < 1
        end = trial_records.TrialEnd.WON if is_winner else trial_records.TrialEnd.PRUNED
        found.append(build_record(one, end, f"the search ended: {contest.stop_reason}", contest.round).to_json())
    return heads + found


def _judge_head(record: dict[str, Any], light_share: float) -> dict[str, Any]:
    """Return the record of a head; the best of them has lost all the same where the network answers without it."""
    if record["end"] != trial_records.TrialEnd.WON or light_share > 0:
        return record
    return {
        **record,
        "end": trial_records.TrialEnd.PRUNED.value,
        "why": "the network alone scores better on the held-out images",
    }


def build_record(contender: Trial, end: trial_records.TrialEnd, why: str, last_round: int) -> trial_records.TrialRecord:
    """Return what the report tells of a contender."""
    score = contender.scores[-1] if contender.scores else None
    settings: dict[str, Any] = {
        **contender.recipe.to_json(),
        "scores": [round(one.value, 4) for one in contender.scores],
    }
    recipe = contender.recipe
    return trial_records.TrialRecord(
        number=contender.number,
        kind=trial_records.TrialKind.NETWORK,
        name=f"{recipe.backbone}, rate {recipe.peak_learning_rate:.2g}, {recipe.augmentation}",
        score=score.value if score else None,
        standard_error=score.standard_error if score else None,
        started_at_seconds=round(contender.started_at_seconds, 3),
        cost_seconds=round(contender.cost_seconds, 3),
        end=end,
        why=why,
        round=last_round,
        passes=contender.passes,
        settings=settings,
    )
