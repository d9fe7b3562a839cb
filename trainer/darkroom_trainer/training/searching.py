"""The search of a training: contenders train by turns on the hold-out run's images until more does not help.

Owns the order of training, scoring and deciding; the rules are `search.contest`'s. Must not know how a window is
trained or what follows the search.
"""

import logging
from typing import Any, Final

from darkroom_trainer.augmentation import policies
from darkroom_trainer.checkpoints.sessions import Session, Stage
from darkroom_trainer.loop import training_loop
from darkroom_trainer.loop.recipe import Recipe
from darkroom_trainer.runtime import stopping
from darkroom_trainer.search import contest as contests, portfolio as portfolios, trials
from darkroom_trainer.search.contest import Contender, Contest
from darkroom_trainer.training import divergence, fitting, hold_out
from darkroom_trainer.training.training_run import TrainingRun

LOG = logging.getLogger(__name__)

RESTART_RATE: Final = 0.6
"""Peak learning rate of rounds after the first, as a part of the first: they go on from good weights."""


def search_recipes(run: TrainingRun, fitter: fitting.Fitter, session: Session) -> None:
    """Find the recipe that the held-out images favour, and score what it learned; the session then has its learner.

    Nothing is left to do where an earlier attempt did it, or where too few images could be held out. Raises RunError:
    BudgetNotEnough where no useful training fits, TrainingDiverged where nothing was learned; RunStopped after a
    checkpoint.
    """
    if session.stage is not Stage.HOLD_OUT:
        return
    if session.contest is None:
        _begin(run, fitter, session)
    _run_rounds(run, fitter, session)
    try:
        hold_out.score_winner(run, session)
    except stopping.RunStopped:
        fitter.save(session)
        raise


def _begin(run: TrainingRun, fitter: fitting.Fitter, session: Session) -> None:
    """Open the contest and its first window.

    A budget that is too small is refused before anything is kept, so that nothing is charged. Then the start is saved,
    and planned again once the save's cost is known.
    """
    fitter.plan_hold_out()
    fitter.open_window(session, 0.0, must_save=True)
    window = fitter.plan_hold_out()
    contest = contests.open_contest(_list_recipes(run), window.starts_at, window.ends_at, run.ledger.least_seconds)
    if session.light is not None:
        contest.has_perfect_head = contests.is_at_ceiling(session.light.score, len(session.light.rows))
    session.contest = contest
    fitter.open_window(session, contests.choose_length(contest, _find_left(run, contest)))


def _list_recipes(run: TrainingRun) -> tuple[Recipe, ...]:
    """Return the recipes to try, best hope first."""
    chosen = run.measured_recipe
    cheaper = [one.recipe for one in run.measured_recipes[:-1] if one.step_cost <= chosen.step_cost]
    others = [recipe for recipe in cheaper if recipe.backbone != chosen.recipe.backbone]
    may_mirror = policies.may_mirror(run.task.labels)
    return portfolios.build_portfolio(run.task.kind, chosen.recipe, others[-1:], may_mirror=may_mirror)


def _run_rounds(run: TrainingRun, fitter: fitting.Fitter, session: Session) -> None:
    """Train and score until the contest stops; the session's learner is then its winner.

    Raises RunError(TrainingDiverged) where every contender's loss diverged; RunStopped after a checkpoint.
    """
    contest = session.contest
    assert contest is not None, "_begin came first"
    while contest.stop_reason is None:
        contender = contest.current
        try:
            fitter.fit(session)
            _end_round_of(run, session, contest, contender)
        except training_loop.NonFiniteLoss as error:
            if len(contest.contenders) == 1:
                raise divergence.explain_run_non_finite(run) from error
            _drop_diverged(contest, contender)
        except stopping.RunStopped:
            fitter.save(session)
            raise
        if contest.stop_reason is None:
            _open_next_window(run, fitter, session, contest, contender)
    LOG.info("the search ended: %s", contest.stop_reason)


def _end_round_of(run: TrainingRun, session: Session, contest: Contest, contender: Contender) -> None:
    """Score what has trained; a last recipe that has used up the time is scored once, by what follows the search."""
    started = session.window.starts_at
    images = (session.learner.step - contender.step) * session.learner.recipe.batch_size
    contender.passes += images
    fitting.put_aside(session, contender)
    is_last = len(contest.contenders) == 1 and _find_left(run, contest) < run.ledger.least_seconds
    if not is_last:
        contender.scores.append(hold_out.score_round(run, session))
    contender.cost_seconds += run.context.meter.charged_seconds - started


def _open_next_window(
    run: TrainingRun, fitter: fitting.Fitter, session: Session, contest: Contest, last: Contender
) -> None:
    """Open the next contender's window; where there is none, note why and put the winner into the session."""
    if contest.queue[:1] == [last.number]:
        contest.queue.pop(0)
    if not contest.queue:
        left_seconds = _find_left(run, contest)
        contest.stop_reason = contests.find_stop(
            contest, len(run.rows.held_out), left_seconds, run.ledger.least_seconds
        )
        if contest.stop_reason is not None:
            fitter.take_up(session, contest.leader)
            return
        for loser in contests.end_round(contest, left_seconds):
            _record(contest, loser, trials.TrialEnd.PRUNED, f"scored below the better half after round {contest.round}")
            session.waiting.pop(loser.number, None)
    fitter.take_up(session, contest.current)
    session.learner.rate_scale = RESTART_RATE if contest.round else 1.0
    fitter.open_window(session, contests.choose_length(contest, _find_left(run, contest)))


def _drop_diverged(contest: Contest, contender: Contender) -> None:
    """Take a recipe whose loss diverged twice out of the contest."""
    contest.contenders.remove(contender)
    _record(contest, contender, trials.TrialEnd.FAILED, "its loss became non-finite (NaN or Inf) twice")


def _record(contest: Contest, contender: Contender, end: trials.TrialEnd, why: str) -> None:
    contest.ended.append(build_record(contender, end, why, contest.round).to_json())


def _find_left(run: TrainingRun, contest: Contest) -> float:
    return max(0.0, contest.ends_at_seconds - run.context.meter.charged_seconds)


def list_trials(session: Session) -> list[dict[str, Any]]:
    """Return the records of all that was tried: frozen-feature classifiers, losers, and what was left in the end."""
    contest, share = session.contest, session.light_share
    heads = [_judge_head(record, share) for record in (session.light.records if session.light else [])]
    if contest is None:
        return heads
    found = list(contest.ended)
    for one in contest.contenders:
        is_winner = one is contest.leader and share < 1
        end = trials.TrialEnd.WON if is_winner else trials.TrialEnd.PRUNED
        found.append(build_record(one, end, f"the search ended: {contest.stop_reason}", contest.round).to_json())
    return heads + found


def _judge_head(record: dict[str, Any], light_share: float) -> dict[str, Any]:
    """Return the record of a head; the best of them has lost all the same where the network answers without it."""
    if record["end"] != trials.TrialEnd.WON or light_share > 0:
        return record
    return {
        **record,
        "end": trials.TrialEnd.PRUNED.value,
        "why": "the network alone scores better on the held-out images",
    }


def build_record(contender: Contender, end: trials.TrialEnd, why: str, last_round: int) -> trials.TrialRecord:
    """Return what the report tells of a contender."""
    score = contender.scores[-1] if contender.scores else None
    settings: dict[str, Any] = {
        **contender.recipe.to_json(),
        "scores": [round(one.value, 4) for one in contender.scores],
    }
    recipe = contender.recipe
    return trials.TrialRecord(
        number=contender.number,
        kind=trials.TrialKind.NETWORK,
        name=f"{recipe.backbone}, rate {recipe.peak_learning_rate:.2g}, {recipe.augmentation}",
        score=score.value if score else None,
        standard_error=score.standard_error if score else None,
        started_at_seconds=round(contender.started_at_seconds, 3),
        cost_seconds=round(contender.cost_seconds, 3),
        end=end,
        why=why,
        rung=last_round,
        passes=contender.passes,
        settings=settings,
    )
