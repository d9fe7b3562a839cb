"""Steps that devices of several pods share, over loopback: what they compute, and what is left when a pod is lost."""

import dataclasses
import os
import pathlib
import signal
import time
from collections.abc import Callable

import pytest
import torch

from darkroom_trainer.budget.meter import Meter
from darkroom_trainer.loop import training_loop
from darkroom_trainer.parallel import crew, ends, team, windows
from darkroom_trainer.parallel.nodes import channel
from tests.support import learning
from tests.unit.trainer.parallel import parallel_steps as steps
from tests.unit.trainer.parallel.nodes import crews, pods

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]

BEATING = "from darkroom_trainer.parallel.nodes import channel; channel.BEAT_SECONDS = 0.5"


def test_pods_compute_what_devices_compute_together(tmp_path: pathlib.Path) -> None:
    threads = [learning.a_learner("detector") for _ in range(2)]
    expected = steps.run_together(threads, steps.Adder(2))[0]
    learner = learning.a_learner("detector")
    with crews.a_crew(tmp_path, 2, Meter()) as (two, others):
        assert two.size == 2
        with two.share(learner):
            losses = [float(learner.take_step(steps.RATE)) for _ in range(2)]
        with two.share(learner):
            losses += [float(learner.take_step(steps.RATE)) for _ in range(steps.STEPS - 2)]
        two.__exit__()
        assert others.wait(1) == 0, "it is let go"
    assert losses == pytest.approx(expected, rel=1e-3)
    moved = steps.compare(learning.a_learner("detector").model, threads[0].model)
    gap = steps.compare(learner.model, threads[0].model)
    assert gap < moved / 4, "sums that differ in their last bits part some weights, not what was learned"


class Course:
    """A learner in a window: in the middle of each step a second passes, before some of them something happens."""

    def __init__(self, clock: learning.StepClock, happen: dict[int, Callable[[], None]], length_seconds: float) -> None:
        self.learner = learning.a_learner("classifier")
        self.learner.recipe = dataclasses.replace(self.learner.recipe, batch_size=6)
        self.window = training_loop.Window(0.0, length_seconds)
        self.sizes: list[int] = []
        step = self.learner.take_step

        def take_step(rate: float) -> torch.Tensor:
            happen.pop(self.learner.step, lambda: None)()
            loss = step(rate)
            self.sizes.append(self.learner.peers.size)
            return loss

        def compute_loss(outputs: torch.Tensor, targets: dict[str, torch.Tensor]) -> torch.Tensor:
            clock.now += 1.0
            return measure(outputs, targets)

        measure = self.learner.task.compute_loss
        self.learner.take_step = take_step  # type: ignore[method-assign]
        self.learner.task.compute_loss = compute_loss  # type: ignore[method-assign]

    def train(self, found: crew.Crew, meter: Meter) -> None:
        """Train through the window with all that take part."""
        hooks = training_loop.Hooks(observe=lambda _share, _loss: None, keep=lambda _learner: None)
        windows.train_through(self, windows.Conditions(meter, hooks, lambda _: 0.0, found.share))


@pytest.mark.parametrize(
    "number",
    [
        pytest.param(signal.SIGKILL, id="killed"),
        pytest.param(signal.SIGTERM, id="told to leave", marks=pytest.mark.extended),
        pytest.param(signal.SIGSTOP, id="silent", marks=pytest.mark.extended),
    ],
)
def test_without_a_lost_pod_the_step_is_taken_again_by_those_that_are_left(
    tmp_path: pathlib.Path, number: signal.Signals, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(channel, "BEAT_SECONDS", 0.5)
    monkeypatch.setattr(channel, "SILENT_SECONDS", 4.0)
    monkeypatch.setattr(team, "NODES_PATIENCE_SECONDS", 8.0)
    clock = learning.StepClock()
    meter = Meter(clock=clock)
    with crews.a_crew(tmp_path, 3, meter, BEATING) as (found, others):

        def lose() -> None:
            if number == signal.SIGTERM:
                others.processes[2].send_signal(number)
                time.sleep(2.0)
            else:
                others.signal(2, number)

        course = Course(clock, {4: lose}, 3 * 8.5)
        course.train(found, meter)
        assert course.learner.step > 8
        assert (course.sizes[0], set(course.sizes), found.size) == (3, {3, 2}, 2)
        assert all(value.isfinite().all() for value in course.learner.model.parameters())
        assert meter.rate == 2.0
        assert others.processes[1].poll() is None


def test_without_a_pod_that_cannot_reach_the_others_those_that_are_left_take_the_steps(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(team, "NODES_PATIENCE_SECONDS", 8.0)
    clock = learning.StepClock()
    meter = Meter(clock=clock)
    cut_off = "import os, sys; os.environ['GLOO_SOCKET_IFNAME'] = 'lo' if sys.argv[3].count('pod-1') else 'nowhere0'"
    with crews.a_crew(tmp_path, 3, meter, cut_off) as (found, others):
        course = Course(clock, {}, 2 * 8.5)
        course.train(found, meter)
        assert (set(course.sizes), found.size) == ({2}, 2)
        assert others.wait(2) == 0, "it is let go"
    assert "node 2 is lost: its device 0 cannot reach another node" in caplog.text


def test_with_no_pod_left_the_first_goes_on_alone(tmp_path: pathlib.Path) -> None:
    clock = learning.StepClock()
    meter = Meter(clock=clock)
    with crews.a_crew(tmp_path, 2, meter) as (found, others):
        course = Course(clock, {3: lambda: others.signal(1, signal.SIGKILL)}, 12.5)
        course.train(found, meter)
        assert (course.sizes[:3], course.sizes[3:]) == ([2] * 3, [1] * len(course.sizes[3:]))
        alone_seconds = meter.charged_seconds - 2 * 3
        assert alone_seconds - (len(course.sizes) - 3) in (0.0, 1.0), "the step that broke is the first device's alone"


def test_a_killed_device_costs_its_pod_and_is_named(tmp_path: pathlib.Path) -> None:
    learner = learning.a_learner("classifier")
    with crews.a_crew(tmp_path, 2, Meter()) as (two, others):
        with pytest.raises(ends.NodesLost, match=r"node 1 is lost: .*device 0 ended with exit code -9 \(SIGKILL\)"):  # noqa: PT012, SIM117
            with two.share(learner):
                learner.take_step(steps.RATE)
                for child in pods.list_children(others.processes[1].pid):
                    os.kill(child, signal.SIGKILL)
                for _ in range(3):
                    learner.take_step(steps.RATE)
        assert two.size == 1
        assert others.wait(1) == 0, "it is let go"
