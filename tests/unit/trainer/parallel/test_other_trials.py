"""Trials on real further processes: they answer while they train and in the end, and a lost one is named."""

import os
import pathlib
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pytest
import torch

from darkroom_predict.predictions import Truth
from darkroom_trainer.budget.meter import Meter
from darkroom_trainer.parallel import crew, member, orders, other_trials
from darkroom_trainer.parallel.further_device import FurtherDevice
from darkroom_trainer.runtime import errors, stopping
from darkroom_trainer.search.halving import Score
from tests.support import learning

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]

ROWS = np.arange(6)
TRUTHS = [Truth(np.array([row % 3]), np.zeros((0, 4), dtype=np.float32)) for row in ROWS]
NUMBER = 7


class Ended(member.Member):
    """A process that has ended."""

    exit_code = 1
    has_ended = True

    def __init__(self) -> None:
        self.rank = 1

    def tell(self, order: object) -> None:
        """Nobody is told."""
        raise BrokenPipeError(str(order))

    def take_standing(self, _wait_seconds: float) -> orders.Standing | None:
        """Nobody answers."""
        return None


@contextmanager
def a_trial_beside(
    folder: pathlib.Path, seconds: float, stop: threading.Event | None = None
) -> Iterator[tuple[other_trials.OtherTrials, crew.Crew]]:
    """Have a second device train for so long."""
    order = orders.TrialOrder(NUMBER, Meter(), seconds, 0.0, 0.0, 1.0, ROWS, TRUTHS)
    sent = [(learning.a_learner("classifier"), order)]
    with crew.Crew(2, folder, stop or threading.Event()) as two, two.send_out(sent) as others:
        yield others, two


def test_they_answer_while_they_train_and_in_the_end(tmp_path: pathlib.Path) -> None:
    with a_trial_beside(tmp_path, 3.0) as (others, _):
        weights, underway = others.stand()
        first = underway[NUMBER]
        assert first.step > 0
        assert 0 < first.spent_seconds < first.length_seconds == 3.0
        assert first.optimizer
        end = others.await_ends()[NUMBER]
        assert end.step > first.step
        assert end.score is not None
        others.check()
        after, over = others.stand()
        assert over[NUMBER].spent_seconds == 3.0
        assert set(after[NUMBER]) == set(weights[NUMBER]) == set(learning.a_learner("classifier").model.state_dict())


def test_a_lost_one_is_named(tmp_path: pathlib.Path) -> None:
    with (  # noqa: PT012
        pytest.raises(errors.RunError, match=r"device 1 ended with exit code -9 \(SIGKILL\)") as caught,
        a_trial_beside(tmp_path, 60.0) as (others, two),
    ):
        others.stand()
        os.kill(two.process_ids[0], signal.SIGKILL)
        others.await_ends()
    assert caught.value.reason == "OutOfMemory"


def test_memory_that_runs_out_there_ends_the_run_and_no_batch_here() -> None:
    full = torch.OutOfMemoryError("device 1: a step on one image of 64 px does not fit")
    others = other_trials.OtherTrials({NUMBER: Ended()}, 0.0, lambda _detail: full, threading.Event())
    for look in (others.check, others.stand, others.await_ends):
        with pytest.raises(errors.RunError, match="device 1: a step on one image") as caught:
            look()
        assert caught.value.reason == "OutOfMemory"


def test_a_stop_ends_the_wait_and_the_processes(tmp_path: pathlib.Path) -> None:
    stop = threading.Event()
    began = time.monotonic()
    with pytest.raises(stopping.RunStopped), a_trial_beside(tmp_path, 60.0, stop) as (others, two):  # noqa: PT012
        others.stand()
        stop.set()
        others.await_ends()
    assert two.process_ids == []
    assert time.monotonic() - began < 50


class Far(Ended):
    """A device of a node that is lost, with what it answered before."""

    is_gone = True

    def __init__(self, *answers: orders.Standing) -> None:
        super().__init__()
        self._told = list(answers)

    def take_standing(self, _wait_seconds: float) -> orders.Standing | None:
        """Return the next answer."""
        return self._told.pop(0) if self._told else None


def test_of_a_lost_node_only_what_was_over_counts_and_its_other_work_is_dropped(tmp_path: pathlib.Path) -> None:
    recipe = learning.a_learner("classifier").recipe
    end = orders.Standing(tmp_path / "end", 7, recipe, 4.0, 4.0, 4.5, (), is_over=True, score=Score(0.75, 0.1))
    look = orders.Standing(tmp_path / "look", 3, recipe, 1.0, 4.0, 1.0, ())
    cut, over, silent = Far(look), Far(end), Far()
    dropped: list[FurtherDevice] = []
    others = other_trials.OtherTrials(
        {2: cut, 3: over, 4: silent}, 0.0, AssertionError, threading.Event(), dropped.extend
    )
    others.check()
    assert dropped == [cut, silent]
    assert others.await_ends() == {3: end}
