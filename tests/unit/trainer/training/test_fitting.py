"""Runs that meet trouble on their way, and what they end with: memory that is too small, cancels, wild losses."""

from typing import Any

import pytest
import torch

from darkroom_api import conditions, endings
from darkroom_trainer.checkpoints import sessions
from darkroom_trainer.tasks.classifier import Classifier
from darkroom_trainer.training import fitting
from tests.unit.trainer.tiny_runs import Bench


class SmallMemory:
    """Makes a step on more than `images` run out of memory, once `free_steps` have gone well."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, images: int, free_steps: int = 0) -> None:
        compute = Classifier.compute_loss
        taken = 0

        def compute_loss(task: Classifier, outputs: Any, targets: Any) -> torch.Tensor:
            nonlocal taken
            taken += 1
            if taken > free_steps and len(outputs) > images:
                raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")
            return compute(task, outputs, targets)

        monkeypatch.setattr(Classifier, "compute_loss", compute_loss)


@pytest.mark.slow
@pytest.mark.parametrize("free_steps", [pytest.param(0, id="from the start"), pytest.param(12, id="while it trains")])
def test_a_batch_that_does_not_fit_is_halved_until_it_does(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, free_steps: int
) -> None:
    SmallMemory(monkeypatch, images=8, free_steps=free_steps)
    outcome = bench.run()
    assert outcome.reason is conditions.Reason.SUCCEEDED, outcome.message
    assert bench.read_metrics()["recipe"]["batch_size"] == 8


@pytest.mark.slow
def test_where_not_one_image_fits_the_run_ends_and_says_which_memory(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    SmallMemory(monkeypatch, images=0)
    outcome = bench.run()
    assert outcome.exit_code is endings.ExitCode.OUT_OF_MEMORY, outcome.message
    assert "a step on one image of 64 px" in outcome.message
    assert "memory" in outcome.message


@pytest.mark.slow
def test_the_operators_divisor_goes_into_a_resumed_batch_once(bench: Bench) -> None:
    assert bench.run(1, stop_at=fitting.STAGE_NAMES[sessions.Stage.HOLD_OUT]).exit_code is endings.ExitCode.STOPPED
    again = bench.run(2, batch_divisor=4, stop_at=fitting.STAGE_NAMES[sessions.Stage.REFIT])
    assert again.exit_code is endings.ExitCode.STOPPED, again.message
    last = bench.run(3, batch_divisor=4)
    assert last.reason is conditions.Reason.SUCCEEDED, last.message
    assert bench.read_metrics()["recipe"]["batch_size"] == 8
