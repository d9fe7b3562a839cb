"""The search on one, two and four devices: the same trials with the same weights, kept through stops and kills."""

import os
import pathlib
import signal
from collections.abc import Iterator

import pytest
import torch

from darkroom_api import conditions
from darkroom_api.endings import ExitCode
from darkroom_api.v1alpha1.common import Task
from darkroom_trainer.search import portfolio
from tests.unit.trainer.training.trials import trial_runs
from tests.unit.trainer.training.trials.trial_runs import StopAfter, TrialBench
from tests.unit.trainer.training.trials.window_notes import Trained, Windows

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]

IN_SECOND_ROUND = 31.0
"""Charged seconds after which two trials on two devices are in the middle of their second windows."""
WITH_ONE_LEFT = 52.0
"""The same of when both rounds with several trials are over, on any number of devices."""


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[pathlib.Path]:
    """Return the folder of all Models of this file; meanwhile steps are all that takes time."""
    with trial_runs.worked():
        yield tmp_path_factory.mktemp("trials")


@pytest.fixture(scope="module")
def alone(scene: pathlib.Path) -> Windows:
    """Return how the windows of the first two rounds end on one device."""
    bench = TrialBench(scene / "one")
    assert bench.run(1, 1, StopAfter(WITH_ONE_LEFT)).exit_code is ExitCode.STOPPED
    assert list(bench.windows)[:6] == [(0, 1), (0, 2), (0, 3), (0, 4), (1, 1), (1, 2)]
    return keep_rounds(bench.windows)


@pytest.fixture(scope="module")
def stopped(scene: pathlib.Path) -> TrialBench:
    """Return a Model that was stopped on two devices in the second round."""
    bench = TrialBench(scene / "stopped")
    outcome = bench.run(2, 1, StopAfter(IN_SECOND_ROUND))
    assert outcome.exit_code is ExitCode.STOPPED, outcome.message
    assert list(bench.windows) == [(0, 1), (0, 2), (0, 3), (0, 4)]
    return bench


def keep_rounds(windows: Windows, rounds: int = 2) -> Windows:
    """Return the windows of the first rounds, which several trials share."""
    return {place: one for place, one in windows.items() if place[0] < rounds}


def find_gaps(ours: Windows, theirs: Windows, rounds: int = 2) -> list[str]:
    """Return in which windows of the first rounds the steps, the score or any weight differs."""
    return [f"{place}" for place, one in keep_rounds(ours, rounds).items() if not is_same(one, theirs[place])]


def is_same(one: Trained, other: Trained) -> bool:
    assert one.weights is not None
    assert other.weights is not None
    same = all(torch.equal(value, other.weights[name]) for name, value in one.weights.items())
    return same and (one.step, one.score) == (other.step, other.score)


@pytest.mark.parametrize(
    ("devices", "rounds"),
    [pytest.param(2, 2, id="two"), pytest.param(4, 1, id="four", marks=pytest.mark.extended)],
)
def test_trials_side_by_side_are_those_of_one_device_bit_for_bit(
    scene: pathlib.Path, alone: Windows, devices: int, rounds: int
) -> None:
    bench = TrialBench(scene / f"on-{devices}")
    outcome = bench.run(devices, 1, StopAfter(WITH_ONE_LEFT))
    assert outcome.exit_code is ExitCode.STOPPED, outcome.message
    found = keep_rounds(bench.windows)
    assert list(found) == list(alone), "the same trials in the same rounds"
    assert find_gaps(found, alone, rounds) == []
    assert [one.step for one in found.values()] == [one.step for one in alone.values()]
    assert outcome.meter.charged_seconds == pytest.approx(WITH_ONE_LEFT, abs=devices), "charged as on one device"


@pytest.mark.parametrize("devices", [pytest.param(2, id="on as many"), pytest.param(1, id="on one")])
def test_a_stop_in_a_round_keeps_every_trial_where_it_stands(stopped: TrialBench, alone: Windows, devices: int) -> None:
    bench = stopped.copy(f"resumed-{devices}")
    outcome = bench.run(devices, 2, StopAfter(WITH_ONE_LEFT))
    assert outcome.exit_code is ExitCode.STOPPED, outcome.message
    assert list(keep_rounds(bench.windows)) == list(alone)
    assert find_gaps(bench.windows, alone) == []


def test_a_cancel_in_a_round_publishes_what_the_first_device_trained(stopped: TrialBench) -> None:
    outcome = stopped.copy("cancelled").run(2, 2, publish_only=True)
    assert outcome.reason is conditions.Reason.CANCELLED, outcome.message
    assert outcome.artifacts is not None


@pytest.mark.parametrize(
    ("change", "number"), [pytest.param(3, 3, id="on the first device"), pytest.param(1, 2, id="on the other")]
)
def test_a_trial_that_diverges_drops_out_alone(
    scene: pathlib.Path, monkeypatch: pytest.MonkeyPatch, change: int, number: int
) -> None:
    changes = list(portfolio.RECIPE_CHANGES[Task.CLASSIFIER])
    changes[change] = portfolio.RecipeChange(rate_scale=1e9)
    monkeypatch.setitem(portfolio.RECIPE_CHANGES, Task.CLASSIFIER, tuple(changes))
    bench = TrialBench(scene / f"diverged-{number}")
    outcome = bench.run(2, 1, StopAfter(IN_SECOND_ROUND))
    assert outcome.exit_code is ExitCode.STOPPED, outcome.message
    assert [place for place, one in bench.windows.items() if one.weights is None] == [(0, number)]
    assert set(bench.windows) >= {(0, 1), (0, 2), (0, 3), (0, 4)}


def list_children() -> set[int]:
    folder = pathlib.Path(f"/proc/{os.getpid()}/task")
    return {int(child) for path in folder.glob("*/children") for child in path.read_text().split()}


def test_a_lost_process_ends_the_attempt_and_the_next_one_goes_on(scene: pathlib.Path, alone: Windows) -> None:
    before = list_children()

    def kill() -> None:
        (lost,) = list_children() - before
        os.kill(lost, signal.SIGKILL)
        os.waitid(os.P_PID, lost, os.WEXITED | os.WNOWAIT)

    bench = TrialBench(scene / "lost")
    lost = bench.run(2, 1, StopAfter(IN_SECOND_ROUND, kill))
    assert lost.reason is conditions.Reason.OUT_OF_MEMORY, lost.message
    assert "device 1 ended with exit code -9 (SIGKILL)" in lost.message
    outcome = bench.run(2, 2, StopAfter(WITH_ONE_LEFT))
    assert outcome.exit_code is ExitCode.STOPPED, outcome.message
    assert find_gaps(bench.windows, alone) == []
