"""A training that is interrupted again and again, through checkpoints in a folder, ends as one that never was."""

import pathlib
import random
import threading
from collections.abc import Callable

import pytest
import torch

from darkroom_storage.objects import open_storage
from darkroom_trainer.checkpoints import checkpoint, sessions
from darkroom_trainer.checkpoints.sessions import Session, Stage
from darkroom_trainer.loop.training_loop import Hooks, Learner, Window, train_window
from darkroom_trainer.runtime.stopping import RunStopped
from tests.local_storage import LOCAL
from tests.support.learning import QUIET, StepClock, a_learner, a_meter, a_pretrained_learner

WINDOW = Window(0.0, 25.0)
STEPS_BETWEEN_SAVES = 3
Build = Callable[[], Learner]


class Crash(Exception):
    """The process is gone in the middle of a step."""


class Attempt:
    """One attempt: resumes what the newest checkpoint holds, saves now and then, and is interrupted after a step."""

    def __init__(self, build: Build, folder: pathlib.Path, number: int) -> None:
        clock = StepClock()
        self.meter = a_meter(clock)
        self.learner = clock.drive(build())
        self.session = Session(self.learner, Stage.HOLD_OUT, WINDOW)
        self.store = checkpoint.CheckpointStore(open_storage(LOCAL), folder.as_uri(), number, "same", self.meter)
        self.store.claim.take()
        saved = self.store.load_newest().checkpoint
        if saved is not None:
            self.session = sessions.fill(self.learner, saved)
            self.meter.resume(saved.charged_seconds)

    def run(self, *, stop_after: int | None = None, crash_after: int | None = None) -> None:
        stop = threading.Event()

        def keep(learner: Learner) -> None:
            if learner.step == stop_after:
                stop.set()
            elif learner.step % STEPS_BETWEEN_SAVES == 0:
                self.store.save(sessions.pack(self.session))

        self._crash_in(crash_after)
        try:
            train_window(self.learner, self.session.window, self.meter, Hooks(QUIET.observe, keep), stop)
        except RunStopped:
            self.store.save(sessions.pack(self.session))
            raise

    def _crash_in(self, step: int | None) -> None:
        update = self.learner.optimizer.step

        def crashing(*_: object) -> None:
            update()
            if self.learner.step == step:
                raise Crash

        self.learner.optimizer.step = crashing  # type: ignore[assignment,method-assign]


def run_with_interruptions(build: Build, folder: pathlib.Path, seed: int) -> Learner:
    generator = random.Random(seed)
    for number, step in enumerate(sorted(generator.sample(range(1, 22), 10)), start=1):
        attempt = Attempt(build, folder, number)
        if generator.random() < 0.5:
            with pytest.raises(RunStopped):
                attempt.run(stop_after=step)
        else:
            with pytest.raises(Crash):
                attempt.run(crash_after=step)
    last = Attempt(build, folder, 11)
    assert last.learner.step >= STEPS_BETWEEN_SAVES, "the last attempt goes on from a checkpoint"
    last.run()
    return last.learner


LEARNERS = [
    pytest.param(lambda: a_learner("classifier"), 1, id="classifier"),
    pytest.param(lambda: a_learner("classifier"), 2, id="classifier, at other steps"),
    pytest.param(lambda: a_learner("detector"), 1, id="detector"),
    pytest.param(lambda: a_learner("detector"), 2, id="detector, at other steps"),
    pytest.param(lambda: a_learner("transformer"), 1, id="transformer"),
    pytest.param(lambda: a_pretrained_learner("classifier", 2), 1, id="classifier, last stages of embedded weights"),
    pytest.param(lambda: a_pretrained_learner("detector", 0), 1, id="detector, head on embedded weights"),
    pytest.param(
        lambda: a_pretrained_learner("classifier", None),
        1,
        id="classifier, all of embedded weights",
        marks=pytest.mark.extended,
    ),
    pytest.param(
        lambda: a_pretrained_learner("detector", 2),
        1,
        id="detector, last stages of embedded weights",
        marks=pytest.mark.extended,
    ),
]


@pytest.mark.slow
@pytest.mark.parametrize(("build", "seed"), LEARNERS)
def test_ten_interruptions_at_random_steps_change_no_bit_of_the_weights(
    build: Build, seed: int, tmp_path: pathlib.Path
) -> None:
    whole = Attempt(build, tmp_path / "whole", 1)
    whole.run()
    broken = run_with_interruptions(build, tmp_path / "broken", seed)
    assert whole.learner.step == broken.step
    expected, found = whole.learner.model.state_dict(), broken.model.state_dict()
    assert expected.keys() == found.keys()
    differing = [key for key, value in expected.items() if not torch.equal(value, found[key])]
    assert not differing
