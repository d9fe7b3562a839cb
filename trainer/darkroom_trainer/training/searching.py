"""The search of a training: trials train by turns on the hold-out run's images until more does not help.

Owns the order of training, scoring and deciding; the rules are `search.halving`'s. Must not know how a window is
trained or what follows the search.
"""

import logging
from typing import Any, Final

from darkroom_trainer.augmentation import policies
from darkroom_trainer.checkpoints.sessions import Session, Stage
from darkroom_trainer.loop import recipe as recipes, training_loop
from darkroom_trainer.loop.recipe import Recipe
from darkroom_trainer.runtime import stopping
from darkroom_trainer.search import halving as halvings, portfolio as portfolios, trial_records
from darkroom_trainer.search.halving import Halving, Trial
from darkroom_trainer.training import fitting, head_alone, hold_out
from darkroom_trainer.training.training_run import TrainingRun

LOG = logging.getLogger(__name__)

RESTART_RATE: Final = 0.6
"""Peak learning rate of rounds after the first, as a part of the first: they go on from good weights."""
PLATEAU_RATE: Final = 0.5
"""A round without a gain has the next ones of a detection transformer learn at this part of the rate."""


def search_recipes(run: TrainingRun, fitter: fitting.Fitter, session: Session) -> None:
    """Find the recipe that the held-out images favour, and score what it learned; the session then has its learner.

    Nothing is left to do where an earlier attempt did it, or where a head answers alone: with few images from the
    start, else in the end, where the networks came to nothing. Raises RunError: BudgetNotEnough where no useful
    training fits, TrainingDiverged where nothing was learned; RunStopped after a checkpoint.
    """
    head_alone.leave_out_network(run, session)
    if session.stage is Stage.HOLD_OUT and session.head_alone is None:
        with head_alone.outlive_network(run, session):
            _search(run, fitter, session)


def _search(run: TrainingRun, fitter: fitting.Fitter, session: Session) -> None:
    if session.halving is None:
        _begin(run, fitter, session)
    _run_rounds(run, fitter, session)
    try:
        hold_out.score_winner(run, session)
    except stopping.RunStopped:
        fitter.save(session)
        raise


def _begin(run: TrainingRun, fitter: fitting.Fitter, session: Session) -> None:
    """Open the halving and its first window.

    A budget that is too small is refused before anything is kept, so that nothing is charged. Then the start is saved,
    and planned again once the save's cost is known.
    """
    fitter.plan_hold_out()
    fitter.open_window(session, 0.0, must_save=True)
    window = fitter.plan_hold_out()
    halving = halvings.open_halving(_list_recipes(run), window.starts_at, window.ends_at, run.ledger.least_seconds)
    session.halving = halving
    fitter.open_window(session, halvings.choose_length(halving, _find_left(run, halving)))


def _list_recipes(run: TrainingRun) -> tuple[Recipe, ...]:
    """Return the recipes to try, best hope first."""
    *rivals, chosen = (one.recipe for one in run.measured_recipes)
    others = portfolios.choose_others(chosen, rivals)
    may_mirror = policies.may_mirror(run.task.labels)
    return portfolios.build_portfolio(run.task.kind, chosen, others, may_mirror=may_mirror)


def _run_rounds(run: TrainingRun, fitter: fitting.Fitter, session: Session) -> None:
    """Train and score until the halving stops; the session's learner is then its winner.

    Raises NonFiniteLoss where every trial's loss diverged; RunStopped after a checkpoint.
    """
    halving = session.halving
    assert halving is not None, "_begin came first"
    while halving.stop_reason is None:
        trial = halving.current
        try:
            fitter.fit(session)
            _end_round_of(run, session, halving, trial)
        except training_loop.NonFiniteLoss:
            if len(halving.trials) == 1:
                raise
            _drop_diverged(halving, trial)
        except stopping.RunStopped:
            fitter.save(session)
            raise
        if halving.stop_reason is None:
            _open_next_window(run, fitter, session, halving, trial)
    LOG.info("the search ended: %s", halving.stop_reason)


def _end_round_of(run: TrainingRun, session: Session, halving: Halving, trial: Trial) -> None:
    """Score what has trained; a last recipe that has used up the time is scored once, by what follows the search."""
    started = session.window.starts_at
    images = (session.learner.step - trial.step) * session.learner.recipe.batch_size
    trial.passes += images
    fitting.put_aside(session, trial)
    is_last = len(halving.trials) == 1 and _find_left(run, halving) < run.ledger.least_seconds
    if not is_last:
        trial.scores.append(hold_out.score_round(run, session))
    trial.cost_seconds += run.context.meter.charged_seconds - started


def _open_next_window(
    run: TrainingRun, fitter: fitting.Fitter, session: Session, halving: Halving, last: Trial
) -> None:
    """Open the next trial's window; where there is none, note why and put the winner into the session."""
    if halving.queue[:1] == [last.number]:
        halving.queue.pop(0)
    if not halving.queue:
        left_seconds = _find_left(run, halving)
        halving.stop_reason = halvings.find_stop(
            halving, len(run.rows.held_out), left_seconds, run.ledger.least_seconds
        )
        if halving.stop_reason is not None:
            fitter.take_up(session, halving.leader)
            session.learner.rate_scale = _scale_rate(halving.leader)
            return
        for loser in halvings.end_round(halving, left_seconds):
            _record(
                halving,
                loser,
                trial_records.TrialEnd.PRUNED,
                f"scored below the better half after round {halving.round}",
            )
            session.waiting.pop(loser.number, None)
    trial = halving.current
    trial.recipe = recipes.unfreeze(trial.recipe, halving.round)
    fitter.take_up(session, trial)
    session.learner.rate_scale = (RESTART_RATE if halving.round else 1.0) * _scale_rate(trial)
    fitter.open_window(session, halvings.choose_length(halving, _find_left(run, halving)))


def _scale_rate(trial: Trial) -> float:
    """Return which part of its rate a trial's plateaus leave it: what learned from other pictures soon forgets."""
    return PLATEAU_RATE ** halvings.count_plateaus(trial.scores) if trial.recipe.network else 1.0


def _drop_diverged(halving: Halving, trial: Trial) -> None:
    """Take a recipe whose loss diverged twice out of the halving."""
    halving.trials.remove(trial)
    _record(halving, trial, trial_records.TrialEnd.FAILED, "its loss became non-finite (NaN or Inf) twice")


def _record(halving: Halving, trial: Trial, end: trial_records.TrialEnd, why: str) -> None:
    halving.ended.append(build_record(trial, end, why, halving.round).to_json())


def _find_left(run: TrainingRun, halving: Halving) -> float:
    return max(0.0, halving.ends_at_seconds - run.context.meter.charged_seconds)


def list_trials(session: Session) -> list[dict[str, Any]]:
    """Return the records of all that was tried: frozen-feature classifiers, losers, and what was left in the end."""
    halving, ensemble_weight = session.halving, session.ensemble_weight
    heads = [_judge_head(record, ensemble_weight) for record in (session.head.records if session.head else [])]
    if halving is None:
        return heads
    found, stop_reason = list(halving.ended), session.head_alone or halving.stop_reason
    for one in halving.trials:
        is_winner = one is halving.leader and ensemble_weight < 1
        end = trial_records.TrialEnd.WON if is_winner else trial_records.TrialEnd.PRUNED
        found.append(build_record(one, end, f"the search ended: {stop_reason}", halving.round).to_json())
    return heads + found


def _judge_head(record: dict[str, Any], ensemble_weight: float) -> dict[str, Any]:
    """Return the record of a head; the best of them has lost all the same where the network answers without it."""
    if record["end"] != trial_records.TrialEnd.WON or ensemble_weight > 0:
        return record
    return {
        **record,
        "end": trial_records.TrialEnd.PRUNED.value,
        "why": "the network alone scores better on the held-out images",
    }


def build_record(trial: Trial, end: trial_records.TrialEnd, why: str, last_round: int) -> trial_records.TrialRecord:
    """Return what the report tells of a trial."""
    score = trial.scores[-1] if trial.scores else None
    settings: dict[str, Any] = {
        **trial.recipe.describe(),
        "scores": [round(one.value, 4) for one in trial.scores],
    }
    recipe = trial.recipe
    return trial_records.TrialRecord(
        number=trial.number,
        kind=trial_records.TrialKind.NETWORK,
        name=f"{recipe.backbone}, rate {recipe.peak_learning_rate:.2g}, {recipe.augmentation}",
        score=score.value if score else None,
        standard_error=score.standard_error if score else None,
        started_at_seconds=round(trial.started_at_seconds, 3),
        cost_seconds=round(trial.cost_seconds, 3),
        end=end,
        why=why,
        round=last_round,
        passes=trial.passes,
        settings=settings,
    )
