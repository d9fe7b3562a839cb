"""Runs that meet trouble on their way, and what they end with: memory that is too small, cancels, wild losses."""

import json
import pathlib
from typing import Any, NamedTuple

import pytest
import safetensors.torch
import torch

from darkroom_api import conditions, endings, report, run_config
from darkroom_api.v1alpha1.common import MeasuredOn, Task
from darkroom_trainer.checkpoints import sessions
from darkroom_trainer.commands import engine
from darkroom_trainer.tasks.classifier import Classifier
from darkroom_trainer.training import fitting
from darkroom_trainer.training.publication import model_files
from tests.support import learning
from tests.unit.trainer.commands import test_engine as tiny

BUDGET_SECONDS = 15.0


class Bench(NamedTuple):
    """A Model to train on squares, by attempts."""

    folder: pathlib.Path
    file: pathlib.Path

    def run(self, attempt: int = 1, *, stop_at: str | None = None, **changes: Any) -> report.Outcome:
        output = learning.a_local_place(self.folder / "model")
        values: dict[str, Any] = {"budget_seconds": BUDGET_SECONDS, "output": output, "attempt": attempt, **changes}
        config = tiny.a_config(run_config.Command.TRAIN, Task.CLASSIFIER, self.file, **values)
        reporter = tiny.StopAt(stop_at or "never")
        return engine.execute(config, self.folder / f"w{attempt}", reporter, reporter.stop, clock=tiny.TickingClock())

    def run_with_stall(self, stage: str, seconds: float) -> report.Outcome:
        """Return how a run ended whose machine stood still for a while when it came to `stage`."""
        clock = tiny.TickingClock()
        reporter = Stall(stage, clock, seconds)
        output = learning.a_local_place(self.folder / "model")
        config = tiny.a_config(
            run_config.Command.TRAIN, Task.CLASSIFIER, self.file, budget_seconds=BUDGET_SECONDS, output=output
        )
        return engine.execute(config, self.folder / "w1", reporter, clock=clock)

    def read_metrics(self) -> dict[str, Any]:
        metrics: dict[str, Any] = json.loads((self.folder / "model" / "metrics.json").read_text())
        return metrics


class Stall:
    """A reporter that lets time pass when it is told of a stage."""

    def __init__(self, stage: str, clock: tiny.TickingClock, seconds: float) -> None:
        self._stage, self._clock, self._seconds = stage, clock, seconds

    def update(self, *, stage: str, **_others: object) -> None:
        if stage == self._stage:
            self._clock.pass_by(self._seconds)


@pytest.fixture
def bench(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    monkeypatch.setattr(Classifier, "least_passes", 100)
    learning.leave_to_networks(monkeypatch)
    return Bench(tmp_path, learning.write_squares(tmp_path / "train", 30, boxed=False))


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


@pytest.mark.slow
def test_a_run_that_is_stopped_before_its_winner_is_scored_scores_that_winner(bench: Bench) -> None:
    assert bench.run(1, stop_at="Measuring on held-out images").exit_code is endings.ExitCode.STOPPED
    outcome = bench.run(2)
    assert outcome.reason is conditions.Reason.SUCCEEDED, outcome.message
    assert bench.read_metrics()["holdOut"]["score"] > 0.6, "weights that nobody trained are right on a third"


@pytest.mark.slow
@pytest.mark.parametrize("stage", list(fitting.STAGE_NAMES))
def test_a_cancelled_run_keeps_the_model_of_its_newest_checkpoint(bench: Bench, stage: sessions.Stage) -> None:
    assert bench.run(1, stop_at=fitting.STAGE_NAMES[stage]).exit_code is endings.ExitCode.STOPPED
    kept = bench.run(2, publish_only=True, allocated_seconds=100.0)
    assert kept.reason is conditions.Reason.CANCELLED, kept.message
    assert kept.exit_code is endings.ExitCode.SUCCEEDED
    assert kept.artifacts is not None
    assert kept.performance is not None
    assert kept.performance.measured_on is MeasuredOn.HOLD_OUT
    assert kept.message.startswith("Cancelled; the best model so far (hold-out score ")
    assert kept.artifacts.uri in kept.message
    assert 0 < kept.meter.charged_seconds <= BUDGET_SECONDS
    meter = bench.read_metrics()["meter"]
    assert meter["allocatedSeconds"] > 100


def test_a_run_that_is_cancelled_before_its_first_checkpoint_says_so_and_costs_nothing(bench: Bench) -> None:
    kept = bench.run(publish_only=True)
    assert kept.reason is conditions.Reason.CANCELLED
    assert kept.exit_code is endings.ExitCode.SUCCEEDED
    assert kept.artifacts is None
    assert kept.message == "Cancelled; there was no model to keep yet"
    assert kept.meter.charged_seconds == 0.0


@pytest.mark.slow
def test_a_refit_that_diverges_twice_leaves_the_model_that_was_scored(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin, compute = fitting.Fitter.begin_refit, Classifier.compute_loss
    is_wild = False

    def begin_refit(fitter: fitting.Fitter, session: sessions.Session, rate: float, most: float | None = None) -> None:
        nonlocal is_wild
        begin(fitter, session, rate, most)
        is_wild = True

    def compute_loss(task: Classifier, outputs: Any, targets: Any) -> torch.Tensor:
        return compute(task, outputs, targets) * (float("nan") if is_wild else 1.0)

    monkeypatch.setattr(fitting.Fitter, "begin_refit", begin_refit)
    monkeypatch.setattr(Classifier, "compute_loss", compute_loss)
    outcome = bench.run(budget_seconds=16.0)
    assert outcome.reason is conditions.Reason.SUCCEEDED, outcome.message
    assert fitting.KEPT_NOTE in outcome.message
    weights = safetensors.torch.load_file(bench.folder / "model" / "model.safetensors")
    assert all(bool(value.isfinite().all()) for value in weights.values())


@pytest.mark.slow
def test_a_model_whose_machine_stalls_at_the_end_is_handed_over_in_its_budget_without_what_gives_way(
    bench: Bench,
) -> None:
    outcome = bench.run_with_stall("Measuring the final model", 1.5)
    assert outcome.reason is conditions.Reason.SUCCEEDED, outcome.message
    assert outcome.message.endswith(f"there is no model.onnx: {model_files.NO_TIME}")
    assert outcome.meter.charged_seconds < BUDGET_SECONDS, "not even capped"
    names = {path.name for path in (bench.folder / "model").iterdir()}
    assert names >= {"model.safetensors", "model.json", "metrics.json", "report.html"}
    assert not names & {"model.onnx", "predictions.png"}


def test_a_full_disk_is_told_with_the_setting_that_enlarges_it(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def fill(*_arguments: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("darkroom_trainer.data.decoded.os.posix_fallocate", fill)
    outcome = bench.run()
    assert outcome.reason is conditions.Reason.INVALID_CONFIGURATION
    assert outcome.message.startswith("computeClasses.<class>.ephemeralStorage: the disk below ")
    assert outcome.meter.charged_seconds == 0.0, "nothing was kept"
