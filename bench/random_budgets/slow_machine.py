"""A machine whose speed nobody can count on, for trainings in this process: its clock, its slow steps, its ends.

Owns the harm that is done to a run. Virtual seconds pass as real ones do, times a factor that changes every few
seconds, plus stalls at random moments; steps and predictions cost virtual seconds besides, so that a minute of training
passes in a few real ones, while what the engine does between its steps keeps its real cost. Must not judge.
"""

import contextlib
import random
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any, Final
from unittest import mock

from bench.random_budgets.meter_looks import Excess, build_meter
from bench.random_budgets.verdicts import Interruption
from darkroom_trainer.commands import engine
from darkroom_trainer.loop import inference, training_loop

FACTORS: Final = (1.0, 1.0, 1.0, 1.5, 2.0, 3.0)
"""How much slower than real time a phase is."""
PHASE_SECONDS: Final = (2.0, 10.0)
STALL_EVERY_SECONDS: Final = 8.0
STALL_SECONDS: Final = (0.02, 0.5)
STEP_SPREAD: Final = (0.7, 1.6)
SLOW_STEP_CHANCE: Final = 0.03
SLOW_STEP_FACTOR: Final = 5.0
SLEEP_CHANCE: Final = 0.02
SLEEP_SECONDS: Final = 0.01
PREDICTED_PER_STEP: Final = 100
"""Images that are predicted in the time of a step."""


class Killed(BaseException):
    """The process is gone, wherever it was; nothing in it may catch this."""


class SlowMachine:
    """The clock of one attempt. Reading it may raise Killed, in the thread that made it."""

    def __init__(self, seed: int, step_seconds: float, interruption: Interruption | None) -> None:
        self.stop = threading.Event()
        self._chance = random.Random(seed)
        self._step_seconds = step_seconds
        self._interruption = interruption
        self._thread = threading.get_ident()
        self._lock = threading.Lock()
        self._now = 0.0
        self._real = time.monotonic()
        self._factor, self._factor_until, self._stall_at = 1.0, 0.0, self._chance.expovariate(1 / STALL_EVERY_SECONDS)

    def __call__(self) -> float:
        """Return the virtual seconds so far."""
        return self._advance(0.0)

    def _advance(self, work_seconds: float) -> float:
        with self._lock:
            real = time.monotonic()
            self._now += (real - self._real + work_seconds) * self._factor
            self._real = real
            if self._now >= self._factor_until:
                self._factor = self._chance.choice(FACTORS)
                self._factor_until = self._now + self._chance.uniform(*PHASE_SECONDS)
            if self._now >= self._stall_at:
                self._now += self._chance.uniform(*STALL_SECONDS)
                self._stall_at = self._now + self._chance.expovariate(1 / STALL_EVERY_SECONDS)
            now = self._now
        self._interrupt(now)
        return now

    def _interrupt(self, now: float) -> None:
        due = self._interruption
        if due is None or now < due.at_seconds or threading.get_ident() != self._thread:
            return
        if due.kind == "kill":
            raise Killed
        self.stop.set()

    def work_step(self) -> None:
        """Spend what a training step takes, sometimes several times that."""
        if self._chance.random() < SLEEP_CHANCE:
            time.sleep(SLEEP_SECONDS)
        slow = SLOW_STEP_FACTOR if self._chance.random() < SLOW_STEP_CHANCE else 1.0
        self._advance(self._step_seconds * slow * self._chance.uniform(*STEP_SPREAD))

    def work_prediction(self, images: int) -> None:
        """Spend what predicting images takes."""
        self._advance(self._step_seconds * images / PREDICTED_PER_STEP * self._chance.uniform(*STEP_SPREAD))


@contextlib.contextmanager
def slowed(machine: SlowMachine, budget_seconds: float, excess: Excess) -> Iterator[None]:
    """Have the trainings of this process run on the machine, and every look at their meter noted."""
    step: Callable[..., Any] = training_loop.Learner.take_step
    predict: Callable[..., Any] = inference.predict_rows

    def take_step(learner: training_loop.Learner, rate: float) -> Any:
        loss = step(learner, rate)
        machine.work_step()
        return loss

    def predict_rows(*arguments: Any, **options: Any) -> Any:
        found = predict(*arguments, **options)
        machine.work_prediction(len(found))
        return found

    with (
        mock.patch.object(training_loop.Learner, "take_step", take_step),
        mock.patch.object(inference, "predict_rows", predict_rows),
        mock.patch.object(engine, "Meter", build_meter(budget_seconds, excess)),
    ):
        yield
