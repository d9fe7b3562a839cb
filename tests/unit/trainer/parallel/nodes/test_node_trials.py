"""Searches on several pods over loopback: the trials of one pod bit for bit, also where a pod is lost in a round."""

import pathlib
import signal
from collections.abc import Callable, Iterator

import pytest

from darkroom_api import report, run_config
from darkroom_api.endings import ExitCode
from darkroom_api.v1alpha1.common import Task
from darkroom_trainer.runtime import reporting
from tests.unit.trainer import tiny_runs
from tests.unit.trainer.parallel.nodes import pods
from tests.unit.trainer.training.trials import trial_runs
from tests.unit.trainer.training.trials.test_searching import (
    IN_SECOND_ROUND,
    WITH_ONE_LEFT,
    find_gaps,
    keep_rounds,
)
from tests.unit.trainer.training.trials.trial_runs import StopAfter, TrialBench
from tests.unit.trainer.training.trials.window_notes import Windows

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[pathlib.Path]:
    """Return the folder of all Models of this file; meanwhile steps are all that takes time."""
    with trial_runs.worked():
        yield tmp_path_factory.mktemp("nodes")


@pytest.fixture(scope="module")
def one_pod(scene: pathlib.Path) -> Windows:
    """Return how the windows of the first two rounds end on one pod with two devices."""
    bench = TrialBench(scene / "one-pod")
    assert bench.run(2, 1, StopAfter(WITH_ONE_LEFT)).exit_code is ExitCode.STOPPED
    return keep_rounds(bench.windows)


class ActAndStop(StopAfter):
    """A reporter that does something once so much was charged, and asks for a stop once more was."""

    def __init__(self, act_at: float, act: Callable[[], None], stop_at: float) -> None:
        super().__init__(stop_at)
        self.counts: list[int] = []
        self._steps = [(act_at, act), (stop_at, self.stop.set)]

    def update(
        self, *, charged_seconds: float | None = None, nodes: reporting.JoinedNodes | None = None, **_others: object
    ) -> None:
        """Do what is due."""
        if nodes is not None:
            self.counts.append(nodes.count)
        if charged_seconds is not None and self._steps and charged_seconds >= self._steps[0][0]:
            self._steps.pop(0)[1]()


class PodBench(TrialBench):
    """A Model to train on pods with one device each."""

    def run_pods(self, count: int, reporter: StopAfter, others: pods.Pods) -> report.Outcome:
        """Return how an attempt on so many pods ends."""
        order = pods.an_order(self.folder, count)
        config = tiny_runs.a_config(run_config.Command.TRAIN, Task.CLASSIFIER, self.folder / "train.json", nodes=order)
        for index in range(1, count):
            others.start(config, index)
        return self.run(1, 1, reporter, nodes=order)


def test_trials_on_two_pods_are_those_of_one_pod_bit_for_bit(scene: pathlib.Path, one_pod: Windows) -> None:
    bench = PodBench(scene / "two-pods")
    with pods.held_pods(bench.folder) as others:
        outcome = bench.run_pods(2, StopAfter(WITH_ONE_LEFT), others)
        assert outcome.exit_code is ExitCode.STOPPED, outcome.message
        assert others.wait(1) == 0
    found = keep_rounds(bench.windows)
    assert list(found) == list(one_pod), "the same trials in the same rounds"
    assert find_gaps(found, one_pod) == []
    assert outcome.meter.charged_seconds == pytest.approx(WITH_ONE_LEFT, abs=2), "charged as on one device"


def test_the_round_of_a_killed_pod_is_not_charged_and_its_trials_train_again(
    scene: pathlib.Path, one_pod: Windows
) -> None:
    bench = PodBench(scene / "killed")
    with pods.held_pods(bench.folder) as others:
        reporter = ActAndStop(IN_SECOND_ROUND, lambda: others.signal(1, signal.SIGKILL), WITH_ONE_LEFT)
        outcome = bench.run_pods(2, reporter, others)
    assert outcome.exit_code is ExitCode.STOPPED, outcome.message
    assert (max(reporter.counts), reporter.counts[-1]) == (2, 1)
    found = keep_rounds(bench.windows)
    assert sorted(found) == sorted(one_pod)
    assert find_gaps(found, one_pod) == []
    assert outcome.meter.charged_seconds == pytest.approx(WITH_ONE_LEFT, abs=2), "as if it had not been there"


def test_a_pod_that_is_killed_in_shared_steps_costs_a_step_and_the_run_ends_with_its_model(
    scene: pathlib.Path,
) -> None:
    bench = PodBench(scene / "shared")
    with pods.held_pods(bench.folder) as others:
        kill = ActAndStop(WITH_ONE_LEFT + 10, lambda: others.signal(1, signal.SIGKILL), float("inf"))
        outcome = bench.run_pods(2, kill, others)
    assert outcome.exit_code is ExitCode.SUCCEEDED, outcome.message
    assert outcome.artifacts is not None
    assert outcome.meter.charged_seconds <= trial_runs.BUDGET_SECONDS
    assert (max(kill.counts), kill.counts[-1]) == (2, 1)


def test_a_run_on_two_pods_lets_the_other_go_before_it_publishes(scene: pathlib.Path) -> None:
    bench = PodBench(scene / "whole")
    stages: list[tuple[str, int]] = []

    class Noting(StopAfter):
        def update(self, *, stage: str = "", nodes: reporting.JoinedNodes | None = None, **_others: object) -> None:
            """Keep the stage."""
            stages.extend([(stage, nodes.count)] if nodes else [])

    with pods.held_pods(bench.folder) as others:
        outcome = bench.run_pods(2, Noting(0.0), others)
        assert outcome.exit_code is ExitCode.SUCCEEDED, outcome.message
        assert others.wait(1) == 0
    counts = dict(stages)
    assert (counts["Refitting on all images"], counts["Measuring the final model"]) == (2, 1)
    assert outcome.meter.devices == 1
    assert outcome.meter.charged_seconds <= trial_runs.BUDGET_SECONDS
