"""One training window from begin to end: its learner, checkpoints and progress.

Owns which learner trains, how long a window is at most, and when a checkpoint is written, with the trials that train
beside it. Must not decide which stage or trial comes next; what is done when a step fails is `parallel.windows`'s.

A step depends on the seed, its number, the weights and the share of the window that is spent. The last one is measured
time: a resumed run takes the same steps as one without a break where the clock gives it the same shares (as in the
tests), and on a real machine steps of the same kind at slightly other learning rates.
"""

import contextlib
import dataclasses
import logging
import time
from collections.abc import Iterator
from typing import Final

from darkroom_trainer.budget.ledger import RemainingWork
from darkroom_trainer.checkpoints import checkpoint, sessions
from darkroom_trainer.checkpoints.sessions import Session, Stage
from darkroom_trainer.loop import training_loop
from darkroom_trainer.loop.recipe import Recipe, find_dearest_shape, read_recipe
from darkroom_trainer.parallel import crew, other_trials, windows
from darkroom_trainer.runtime import reporting, stopping
from darkroom_trainer.search.halving import Trial
from darkroom_trainer.training import training_run

LOG = logging.getLogger(__name__)

REPORT_EVERY_SECONDS: Final = 0.5
MAX_HISTORY: Final = 200
KEPT_NOTE: Final = "the refit diverged, so this is the model that was scored on the held-out images"
STAGE_NAMES: Final = {Stage.HOLD_OUT: "Training the hold-out model", Stage.REFIT: "Refitting on all images"}
SETTLED: Final = {
    Stage.HOLD_OUT: (),
    Stage.REFIT: (RemainingWork.HOLD_OUT_FINISH, RemainingWork.HOLD_OUT_SCORES),
    Stage.FITTED: (RemainingWork.HOLD_OUT_FINISH, RemainingWork.HOLD_OUT_SCORES, RemainingWork.FINISH),
}
"""What is done, or will not be done any more, once a stage has begun."""


class Fitter:
    """Fits the sessions of one run."""

    def __init__(self, run: training_run.TrainingRun, devices: crew.Crew) -> None:
        self._run = run
        self._crew = devices
        self._others: other_trials.OtherTrials | None = None
        self.meter = run.context.meter
        """What windows are measured by: the run's meter, or one device's while each trains a trial of its own."""
        self._reported_at = 0.0

    @property
    def devices(self) -> int:
        """Return how many trials can train at once."""
        return self._crew.size

    def review_devices(self) -> None:
        """Go on without nodes that are lost."""
        self._crew.review()

    def begin(self) -> Session:
        """Return a new session, or the one that the newest checkpoint holds, with the meter set back to it."""
        run, now = self._run, self._run.context.meter.charged_seconds
        if run.saved is not None:
            return self._resume(run.saved)
        stage = Stage.HOLD_OUT if len(run.rows.held_out) else Stage.REFIT
        learner = self._build_learner(run.measured_recipe.recipe, stage)
        session = Session(
            learner,
            stage,
            training_loop.Window(now, now),
            note=run.pretrained.explain_missing(),
            batch_divisor=run.context.config.batch_divisor,
        )
        if run.ledger.lost.why:
            session.add_note(f"begun anew with {run.ledger.lost.describe_left(run.context.budget_seconds)}")
        return session

    def _resume(self, saved: checkpoint.Checkpoint) -> Session:
        """Return a saved session; its window is cut where this machine needs a larger reserve than the one before."""
        run, meter = self._run, self._run.context.meter
        stage = Stage(saved.state["stage"])
        session = sessions.fill(self._build_learner(read_recipe(saved.state["recipe"]), stage), saved)
        divisor = run.context.config.batch_divisor
        if divisor > session.batch_divisor:
            sessions.shrink_batches(session, divisor // session.batch_divisor)
            session.batch_divisor = divisor
        if session.measure_image_seconds is not None:
            run.ledger.revise(predict_image_seconds=0.0, measure_image_seconds=session.measure_image_seconds)
        run.ledger.settle(*SETTLED[stage])
        meter.resume(saved.charged_seconds)
        ends_at = min(session.window.ends_at, run.ledger.training_ends_at)
        session.window = training_loop.Window(session.window.starts_at, ends_at)
        LOG.info("going on in stage %s at %.1f charged seconds", session.stage, meter.charged_seconds)
        return session

    def _build_learner(self, recipe: Recipe, stage: Stage) -> training_loop.Learner:
        run, seed = self._run, self._run.context.config.seed
        model = run.pretrained.build_model(run.task, recipe, seed)
        return training_loop.Learner(run.task, model, self._select(stage), recipe, run.context.device, seed)

    def _select(self, stage: Stage) -> training_loop.TrainingData:
        rows = self._run.rows.train if stage is Stage.HOLD_OUT else self._run.rows.usable
        return dataclasses.replace(self._run.data, rows=rows)

    def build_trial(self, session: Session, trial: Trial) -> training_loop.Learner:
        """Return a trial's learner: as it stands in the middle of a window, else with an optimizer without a past."""
        underway = session.underway.get(trial.number)
        learner = self._build_learner(underway.recipe if underway else trial.recipe, session.stage)
        learner.step = underway.step if underway else trial.step
        if trial.number in session.waiting:
            learner.model.load_state_dict(session.waiting[trial.number])
        if underway:
            checkpoint.fill_optimizer(learner.optimizer, underway.optimizer)
        return learner

    def take_up(self, session: Session, trial: Trial, rate_scale: float, length_seconds: float) -> None:
        """Put a trial's learner into the session, with a window so long, or with what is left of its own.

        First comes a checkpoint where one is due. It holds the window too: an attempt that goes on from it trains
        through one of the same length.
        """
        self.put_in(session, trial)
        session.learner.rate_scale = rate_scale
        underway = session.underway.pop(trial.number, None)
        if underway is None:
            self.open_window(session, length_seconds)
        else:
            self.open_window(session, underway.length_seconds, underway.spent_seconds)

    def put_in(self, session: Session, trial: Trial) -> None:
        """Put a trial's learner into the session, which has no use for the weights beside it any more."""
        learner = self.build_trial(session, trial)
        session.waiting.pop(trial.number, None)
        learner.kept = session.learner.kept
        session.learner = learner

    def open_window(
        self, session: Session, length_seconds: float, spent_seconds: float = 0.0, *, must_save: bool = False
    ) -> None:
        """Give the session's learner a window that begins now, or in which so much is spent; see `take_up`."""
        self._anchor_window(session, length_seconds, spent_seconds)
        if must_save or self._is_save_due():
            self.save(session)
            self._anchor_window(session, length_seconds, spent_seconds)

    def _anchor_window(self, session: Session, length_seconds: float, spent_seconds: float) -> None:
        starts_at = self.meter.charged_seconds - spent_seconds
        session.window = training_loop.Window(starts_at, starts_at + length_seconds)

    @contextlib.contextmanager
    def train_beside(self, session: Session, trials: crew.OrderedTrials) -> Iterator[other_trials.OtherTrials]:
        """Have each further device train a trial meanwhile, and the first one the session's, alone.

        Every trial's window begins, or goes on, with its first step.
        """
        meter, window = self._run.context.meter, session.window
        length_seconds, spent_seconds = window.ends_at - window.starts_at, meter.charged_seconds - window.starts_at
        with self._crew.send_out(trials) as others:
            self._others, self.meter = others, meter.alone()
            self._anchor_window(session, length_seconds, spent_seconds)
            try:
                yield others
            finally:
                self._others, self.meter = None, meter

    def fit(self, session: Session) -> None:
        """Train through the session's window; raises NonFiniteLoss, and RunStopped after a checkpoint.

        A refit that diverges twice leaves the weights that it began with, which were good enough to be scored.
        """
        try:
            self._train(session)
        except stopping.RunStopped:
            self.save(session)
            raise
        except training_loop.NonFiniteLoss:
            if session.stage is Stage.HOLD_OUT or session.hold_out is None:
                raise
            LOG.warning("the refit diverged twice; the weights from before it are kept")
            session.add_note(KEPT_NOTE)
        self._finish_model(session.learner)

    def _finish_model(self, learner: training_loop.Learner) -> None:
        run, began_at = self._run, self._run.context.meter.charged_seconds
        run.task.finish(learner.model, learner.data)
        run.ledger.revise_finish(run.context.meter.charged_seconds - began_at, len(learner.data.rows))

    def plan_hold_out(self) -> training_loop.Window:
        """Return the window of the hold-out run, from now on; raises RunError(BudgetNotEnough)."""
        self._learn_saves()
        now = self._run.context.meter.charged_seconds
        return training_loop.Window(now, self._run.ledger.plan_hold_out(now))

    def _plan_refit(self, most_seconds: float | None) -> training_loop.Window:
        """Return the window of the refit: from now until everything else must begin, or for `most_seconds`."""
        self._learn_saves()
        now, ends_at = self._run.context.meter.charged_seconds, self._run.ledger.training_ends_at
        return training_loop.Window(now, ends_at if most_seconds is None else min(ends_at, now + most_seconds))

    def _learn_saves(self) -> None:
        """Take over what a checkpoint took, which is what a file of the model will take."""
        store = self._run.store
        if store is not None and store.save_seconds:
            self._run.ledger.revise(save_seconds=store.save_seconds, upload_file_seconds=store.file_seconds)

    def begin_refit(self, session: Session, rate_scale: float, most_seconds: float | None = None) -> None:
        """Go on to the refit: the same weights, all images, and what is left, or `most_seconds` of it.

        The stage's start is saved, and the stage planned again once the save's cost is known.
        """
        self._enter(session, Stage.REFIT)
        session.learner.data = self._select(Stage.REFIT)
        session.learner.rate_scale *= rate_scale
        session.window = self._plan_refit(most_seconds)
        self.save(session)
        session.window = self._plan_refit(most_seconds)

    def finish(self, session: Session) -> None:
        """Save the fitted model: should the bucket refuse the results, the next attempt has only them to write."""
        self._enter(session, Stage.FITTED)
        self.save(session)

    def _enter(self, session: Session, stage: Stage) -> None:
        session.stage = stage
        self._run.ledger.settle(*SETTLED[stage])

    def save(self, session: Session) -> None:
        """Write a checkpoint; an outage of the bucket costs the checkpoint, not the run."""
        if self._run.store is not None:
            began_at = self._run.context.meter.charged_seconds
            whole = session if self._others is None else self._gather(session, self._others)
            self._run.store.try_save(sessions.pack(whole, self._run.measured_recipes), began_at)

    def _gather(self, session: Session, others: other_trials.OtherTrials) -> Session:
        """Return the session with the trials beside its own, and its window on the run's meter."""
        weights, underway = others.stand()
        shift_seconds = self._run.context.meter.charged_seconds - self.meter.charged_seconds
        starts_at, ends_at = session.window.starts_at + shift_seconds, session.window.ends_at + shift_seconds
        return dataclasses.replace(
            session,
            window=training_loop.Window(starts_at, ends_at),
            waiting=session.waiting | weights,
            underway=session.underway | underway,
        )

    def _train(self, session: Session) -> None:
        hooks = training_loop.Hooks(
            observe=lambda share, loss: self._observe(session, share, loss),
            keep=lambda _: self._keep(session),
            is_due=self._is_save_due,
            may_end_at=lambda charged, recent: self._leaves_model(session, charged, recent),
        )
        join = self._crew.share if self._others is None else windows.train_alone
        conditions = windows.Conditions(self.meter, hooks, self.expect_step, join, self._run.context.stop)
        step_seconds = windows.train_through(session, conditions)
        self._run.ledger.slowdown.learn_step(self._find_shape(session), step_seconds)

    def _find_shape(self, session: Session) -> tuple[str | int | None, ...]:
        """Return what a step costs by: a step that devices share costs more than one that each takes alone."""
        return *session.learner.recipe.shape, self._crew.size if self._others is None else 1

    def expect_step(self, recipe: Recipe) -> float:
        """Return what the first step of a window takes, as measured at the start; 0 for what was not measured."""
        shape = find_dearest_shape(recipe)
        measured = (one for one in self._run.measured_recipes if find_dearest_shape(one.recipe) == shape)
        return next((one.dearest_step for one in measured), 0.0)

    def _leaves_model(self, session: Session, charged_seconds: float, recent_seconds: float | None) -> bool:
        ledger, meter = self._run.ledger, self.meter
        factor = ledger.slowdown.judge_step(self._find_shape(session), recent_seconds)
        devices = self._run.context.meter.rate / meter.rate
        all_charged_seconds = charged_seconds + (devices - 1) * (charged_seconds - meter.carried_seconds)
        return ledger.leaves_model(all_charged_seconds, factor)

    def _is_save_due(self) -> bool:
        return self._run.store is not None and self._run.store.is_due()

    def _observe(self, session: Session, share: float, loss: float) -> None:
        if self._others is not None:
            self._others.check()
        reporting.LOSS.set(loss)
        number = session.halving.current.number if session.halving else None
        self.note_loss(session, number, session.learner.step, share, loss)
        # Only here: between two looks the weights may have diverged, and every later attempt would resume from them.
        if self._is_save_due():
            self.save(session)

    def note_loss(self, session: Session, trial: int | None, step: int, share: float, loss: float) -> None:
        """Put a loss into the session's history, of which a long one keeps a part."""
        session.history.append(
            {
                "stage": session.stage.value,
                "trial": trial,
                "step": step,
                "share": round(share, 4),
                "loss": round(loss, 5),
                "chargedSeconds": round(self._run.context.meter.charged_seconds, 2),
            }
        )
        if len(session.history) > MAX_HISTORY:
            del session.history[1::2]

    def _keep(self, session: Session) -> None:
        reporting.IMAGES_PROCESSED.labels(stage=session.stage.value).inc(session.learner.recipe.batch_size)
        now = time.monotonic()
        if now - self._reported_at >= REPORT_EVERY_SECONDS:
            self._reported_at = now
            halving = session.halving if session.stage is Stage.HOLD_OUT else None
            self._run.context.report(STAGE_NAMES[session.stage], halving.current.number if halving else None)
