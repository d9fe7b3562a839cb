"""One training window from begin to end: steps, checkpoints, progress, and what to do when a step fails.

Owns which learner trains, how long a window is at most, when a checkpoint is written, the retry after a loss that
diverged and the smaller batch after memory ran out. Must not decide which stage or trial comes next.

A step depends on the seed, its number, the weights and the share of the window that is spent. The last one is measured
time: a resumed run takes the same steps as one without a break where the clock gives it the same shares (as in the
tests), and on a real machine steps of the same kind at slightly other learning rates.
"""

import dataclasses
import logging
import time
from typing import Any, Final

from darkroom_trainer.budget.ledger import RemainingWork
from darkroom_trainer.checkpoints import sessions
from darkroom_trainer.checkpoints.checkpoint import Checkpoint, Tensors
from darkroom_trainer.checkpoints.sessions import Session, Stage
from darkroom_trainer.loop import memory, training_loop
from darkroom_trainer.loop.recipe import TRANSFORMER_STAGES, Recipe, read_recipe, unfreeze
from darkroom_trainer.parallel import crew
from darkroom_trainer.runtime import reporting, stopping
from darkroom_trainer.search.halving import Trial
from darkroom_trainer.training import training_run

LOG = logging.getLogger(__name__)

LOWER_RATE: Final = 0.2
"""After a loss that is no number, the window is tried once more at this part of the learning rate."""
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
        self._reported_at = 0.0

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

    def _resume(self, saved: Checkpoint) -> Session:
        """Return a saved session; its window is cut where this machine needs a larger reserve than the one before."""
        run, meter = self._run, self._run.context.meter
        stage = Stage(saved.state["stage"])
        session = sessions.fill(self._build_learner(read_recipe(saved.state["recipe"]), stage), saved)
        divisor = run.context.config.batch_divisor
        if divisor > session.batch_divisor:
            _shrink_batches(session, divisor // session.batch_divisor)
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

    def take_up(self, session: Session, trial: Trial) -> None:
        """Put a trial's learner into the session: its weights so far, and an optimizer without a past."""
        learner = self._build_learner(trial.recipe, session.stage)
        weights = session.waiting.pop(trial.number, None)
        if weights is not None:
            learner.model.load_state_dict(weights)
        learner.step, learner.kept = trial.step, session.learner.kept
        session.learner = learner

    def open_window(self, session: Session, length_seconds: float, *, must_save: bool = False) -> None:
        """Give the session's learner a window from now on, after a checkpoint where one is due.

        The checkpoint holds the window too: an attempt that goes on from it trains through one of the same length.
        """
        meter = self._run.context.meter
        session.window = training_loop.Window(meter.charged_seconds, meter.charged_seconds + length_seconds)
        if must_save or self._is_save_due():
            self.save(session)
            session.window = training_loop.Window(meter.charged_seconds, meter.charged_seconds + length_seconds)

    def fit(self, session: Session) -> None:
        """Train through the session's window; raises NonFiniteLoss, and RunStopped after a checkpoint.

        A refit that diverges twice leaves the weights that it began with, which were good enough to be scored.
        """
        start = sessions.snapshot(session.learner)
        try:
            self._train_or_retry(session, start)
        except stopping.RunStopped:
            self.save(session)
            raise
        except training_loop.NonFiniteLoss:
            if session.stage is Stage.HOLD_OUT or session.hold_out is None:
                raise
            LOG.warning("the refit diverged twice; the weights from before it are kept")
            sessions.restore(session.learner, start)
            session.add_note(KEPT_NOTE)
        self._finish_model(session.learner)

    def _finish_model(self, learner: training_loop.Learner) -> None:
        run, began_at = self._run, self._run.context.meter.charged_seconds
        run.task.finish(learner.model, learner.data)
        run.ledger.revise_finish(run.context.meter.charged_seconds - began_at, len(learner.data.rows))

    def _train_or_retry(self, session: Session, start: Tensors) -> None:
        try:
            self._train(session)
        except training_loop.NonFiniteLoss:
            LOG.warning("the loss is not finite; once more at a lower learning rate")
            sessions.restore(session.learner, start)
            recipe = session.learner.recipe
            rate = recipe.peak_learning_rate * LOWER_RATE
            session.learner.recipe = dataclasses.replace(recipe, peak_learning_rate=rate)
            session.window = training_loop.Window(self._run.context.meter.charged_seconds, session.window.ends_at)
            self._train(session)

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
            self._run.store.try_save(sessions.pack(session), began_at)

    def _train(self, session: Session) -> None:
        context, learner, is_through = self._run.context, session.learner, False
        hooks = training_loop.Hooks(
            observe=lambda share, loss: self._observe(session, share, loss),
            keep=lambda _: self._keep(session),
            is_due=self._is_save_due,
            may_end_at=lambda charged, recent: self._leaves_model(session, charged, recent),
        )
        while not is_through:
            try:
                with self._crew.share(learner):
                    step_seconds = training_loop.train_window(
                        learner, session.window, context.meter, hooks, context.stop, self._expect_step(learner.recipe)
                    )
                self._run.ledger.slowdown.learn_step(learner.recipe.shape, step_seconds)
                is_through = True
            except (RuntimeError, MemoryError) as error:
                learner.optimizer.zero_grad(set_to_none=True)
                learner.recipe = memory.recover(error, learner.recipe, context.device)

    def _expect_step(self, recipe: Recipe) -> float:
        """Return what the first step of a window takes, as measured at the start; 0 for what was not measured.

        A transformer's was measured with all of it trained.
        """
        whole = unfreeze(recipe, TRANSFORMER_STAGES).shape
        known = self._run.measured_recipes
        measured = (one for one in known if unfreeze(one.recipe, TRANSFORMER_STAGES).shape == whole)
        return next((one.dearest_step for one in measured), 0.0)

    def _leaves_model(self, session: Session, charged_seconds: float, recent_seconds: float | None) -> bool:
        ledger = self._run.ledger
        slowdown = ledger.slowdown.judge_step(session.learner.recipe.shape, recent_seconds)
        return ledger.leaves_model(charged_seconds, slowdown)

    def _is_save_due(self) -> bool:
        return self._run.store is not None and self._run.store.is_due()

    def _observe(self, session: Session, share: float, loss: float) -> None:
        reporting.LOSS.set(loss)
        session.history.append(_build_point(session, share, loss, self._run.context.meter.charged_seconds))
        if len(session.history) > MAX_HISTORY:
            del session.history[1::2]
        # Only here: between two looks the weights may have diverged, and every later attempt would resume from them.
        if self._is_save_due():
            self.save(session)

    def _keep(self, session: Session) -> None:
        reporting.IMAGES_PROCESSED.labels(stage=session.stage.value).inc(session.learner.recipe.batch_size)
        now = time.monotonic()
        if now - self._reported_at >= REPORT_EVERY_SECONDS:
            self._reported_at = now
            halving = session.halving if session.stage is Stage.HOLD_OUT else None
            self._run.context.report(STAGE_NAMES[session.stage], halving.current.number if halving else None)


def _shrink_batches(session: Session, divisor: int) -> None:
    """Divide the batch of what trains now and of all that may train later."""
    session.learner.recipe = memory.shrink_batch(session.learner.recipe, divisor)
    for trial in session.halving.trials if session.halving else ():
        trial.recipe = memory.shrink_batch(trial.recipe, divisor)


def put_aside(session: Session, trial: Trial) -> None:
    """Keep the weights of the trial that has trained, until its next round."""
    state = session.learner.model.state_dict()
    session.waiting[trial.number] = {name: value.detach().cpu().clone() for name, value in state.items()}
    trial.step = session.learner.step
    trial.recipe = session.learner.recipe


def _build_point(session: Session, share: float, loss: float, charged_seconds: float) -> dict[str, Any]:
    return {
        "stage": session.stage.value,
        "trial": session.halving.current.number if session.halving else None,
        "step": session.learner.step,
        "share": round(share, 4),
        "loss": round(loss, 5),
        "chargedSeconds": round(charged_seconds, 2),
    }
