"""The search of a training: trials train on the hold-out run's images until more does not help.

They train side by side, one a device, while a round has a trial for each; else by turns, each on all devices. Owns the
order of training, scoring and deciding; the rules are `search.halving`'s. Must not know how a window is trained or what
follows the search.
"""

import logging
from typing import Final

from darkroom_trainer.checkpoints.sessions import Session, Stage
from darkroom_trainer.loop import recipe as recipes, training_loop
from darkroom_trainer.runtime import stopping
from darkroom_trainer.search import halving as halvings, portfolio as portfolios
from darkroom_trainer.search.halving import Halving, Trial
from darkroom_trainer.training import fitting, head_alone, hold_out
from darkroom_trainer.training.training_run import TrainingRun
from darkroom_trainer.training.trials import side_by_side, trial_listing

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
    recipes_measured = [one.recipe for one in run.measured_recipes]
    portfolio = portfolios.list_recipes(run.task.kind, run.task.labels, recipes_measured)
    least_seconds = run.ledger.least_seconds * run.measured_recipe.lone_share
    halving = halvings.open_halving(portfolio, window.starts_at, window.ends_at, least_seconds)
    session.halving = halving
    fitter.open_window(session, _choose_length(run, fitter, halving))


def _run_rounds(run: TrainingRun, fitter: fitting.Fitter, session: Session) -> None:
    """Train and score until the halving stops; the session's learner is then its winner.

    Raises NonFiniteLoss where every trial's loss diverged; RunStopped after a checkpoint.
    """
    halving = session.halving
    assert halving is not None, "_begin came first"
    while halving.stop_reason is None:
        trained = _train_next(run, fitter, session, halving)
        for number, end in trained.items():
            _take_in(session, halving, halving.find(number), end)
        halving.queue = [number for number in halving.queue if number not in trained]
        _open_next_window(run, fitter, session, halving)
    LOG.info("the search ended: %s", halving.stop_reason)


def _train_next(
    run: TrainingRun, fitter: fitting.Fitter, session: Session, halving: Halving
) -> dict[int, side_by_side.RoundEnd]:
    """Return how the window of the current trial ended, and those of the trials that train beside it, by number.

    A trial whose node is lost meanwhile is not among them: it keeps the weights that it had, and its turn.
    """
    fitter.review_devices()
    own, *beside = (halving.find(number) for number in halvings.list_next(halving, fitter.devices))
    if not beside:
        return {own.number: _train_own(run, fitter, session, halving)}
    length_seconds = _choose_length(run, fitter, halving)
    plans = [_plan(halving, trial, length_seconds) for trial in beside]
    with side_by_side.train_beside(run, fitter, session, plans) as others:
        end = _train_own(run, fitter, session, halving)
        return {own.number: end, **side_by_side.await_ends(fitter, session, others)}


def _train_own(run: TrainingRun, fitter: fitting.Fitter, session: Session, halving: Halving) -> side_by_side.RoundEnd:
    """Train and score the session's learner; a last recipe that used up the time is scored by what follows."""
    started_seconds = session.window.starts_at
    try:
        fitter.fit(session)
    except training_loop.NonFiniteLoss:
        return side_by_side.RoundEnd(session.learner.step, session.learner.recipe, 0.0)
    is_last = len(halving.trials) == 1 and _find_left(run, halving) < run.ledger.least_seconds
    score = None if is_last else hold_out.score_round(run, session)
    cost_seconds = fitter.meter.charged_seconds - started_seconds
    weights = {name: value.detach().cpu().clone() for name, value in session.learner.model.state_dict().items()}
    return side_by_side.RoundEnd(session.learner.step, session.learner.recipe, cost_seconds, weights, score)


def _take_in(session: Session, halving: Halving, trial: Trial, end: side_by_side.RoundEnd) -> None:
    """Keep what a trial learned; one whose loss diverged twice is out. Raises NonFiniteLoss for the last of them."""
    if end.weights is None:
        if len(halving.trials) == 1:
            raise training_loop.NonFiniteLoss
        halving.trials.remove(trial)
        trial_listing.note_diverged(halving, trial)
        return
    trial.passes += (end.step - trial.step) * end.recipe.batch_size
    trial.step, trial.recipe = end.step, end.recipe
    session.waiting[trial.number] = end.weights
    trial.scores += [] if end.score is None else [end.score]
    trial.cost_seconds += end.cost_seconds


def _open_next_window(run: TrainingRun, fitter: fitting.Fitter, session: Session, halving: Halving) -> None:
    """Open the next trial's window; where there is none, note why and put the winner into the session."""
    if not halving.queue:
        left_seconds = _find_left(run, halving)
        halving.stop_reason = halvings.find_stop(
            halving, len(run.rows.held_out), left_seconds, run.ledger.least_seconds
        )
        if halving.stop_reason is not None:
            fitter.put_in(session, halving.leader)
            session.learner.rate_scale = _scale_rate(halving.leader)
            return
        for loser in halvings.end_round(halving, left_seconds):
            trial_listing.note_pruned(halving, loser)
            session.waiting.pop(loser.number, None)
    length_seconds = _choose_length(run, fitter, halving)
    plan = _plan(halving, halving.current, length_seconds)
    fitter.take_up(session, plan.trial, plan.rate_scale, length_seconds)


def _choose_length(run: TrainingRun, fitter: fitting.Fitter, halving: Halving) -> float:
    """Return how long each of the next trials trains, of which each pays for its device."""
    side_by_side_now = len(halvings.list_next(halving, fitter.devices))
    return halvings.choose_length(halving, _find_left(run, halving) / side_by_side_now)


def _plan(halving: Halving, trial: Trial, length_seconds: float) -> side_by_side.TrialPlan:
    trial.recipe = recipes.unfreeze(trial.recipe, halving.round)
    rate_scale = (RESTART_RATE if halving.round else 1.0) * _scale_rate(trial)
    return side_by_side.TrialPlan(trial, rate_scale, length_seconds)


def _scale_rate(trial: Trial) -> float:
    """Return which part of its rate a trial's plateaus leave it: what learned from other pictures soon forgets."""
    return PLATEAU_RATE ** halvings.count_plateaus(trial.scores) if trial.recipe.network else 1.0


def _find_left(run: TrainingRun, halving: Halving) -> float:
    return max(0.0, halving.ends_at_seconds - run.context.meter.charged_seconds)
