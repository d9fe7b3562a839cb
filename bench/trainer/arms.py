"""What the bench of the trainer lets run side by side: the loop, bare steps, and how both are timed.

Owns the rounds. Must not know what is compared.
"""

import itertools
import resource
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any, Final

import torch

from bench.trainer import sets as sets
from darkroom_trainer.budget import meter as meters
from darkroom_trainer.loop import training_loop
from darkroom_trainer.runtime import device as devices, stopping

ROUND_SECONDS: Final = 3.0
WARM_UP_STEPS: Final = 3

Steps = Callable[[int], None]


def run_loop(learner: training_loop.Learner, steps: int) -> None:
    """Take this many steps of the whole loop: data, variations, meter and hooks."""
    stop, last = threading.Event(), learner.step + steps
    hooks = training_loop.Hooks(
        observe=lambda _share, _loss: None, keep=lambda one: stop.set() if one.step >= last else None
    )
    meter = meters.Meter()
    window = training_loop.Window(meter.charged_seconds, meter.charged_seconds + 3600)
    try:
        training_loop.train_window(learner, window, meter, hooks, stop)
    except stopping.RunStopped:
        return


def run_bare(learner: training_loop.Learner, steps: int) -> None:
    """Take this many steps of the same model, loss and optimizer on one normalized batch."""
    size, count = learner.recipe.image_size_px, learner.recipe.batch_size
    place = learner.device.torch_device
    images = torch.randn(count, 3, size, size, device=place).to(memory_format=torch.channels_last)
    batches = itertools.repeat((images, torch.arange(count, device=place) % len(sets.TAGS)))
    run_batches(learner, batches, steps)


def run_batches(
    learner: training_loop.Learner, batches: Iterator[tuple[torch.Tensor, torch.Tensor]], steps: int
) -> None:
    """Take steps as a plain training script does."""
    for images, labels in itertools.islice(batches, steps):
        with learner.device.mixed_precision():
            outputs = learner.model(images.to(learner.device.torch_device))
        loss = learner.task.compute_loss(outputs, {"label": labels.to(learner.device.torch_device)})
        learner.optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        learner.optimizer.step()


def compare(arms: dict[str, Steps], batch_size: int, rounds: int, device: devices.Device) -> dict[str, Any]:
    """Return images a second of each arm, and a CPU second, round by round, with the arms in turn."""
    speeds: dict[str, list[float]] = {name: [] for name in arms}
    thrift: dict[str, list[float]] = {name: [] for name in arms}
    steps: dict[str, int] = {}
    for name, run in arms.items():
        seconds = time_steps(run, WARM_UP_STEPS, device) + time_steps(run, WARM_UP_STEPS, device)
        steps[name] = max(2, round(ROUND_SECONDS / (seconds / (2 * WARM_UP_STEPS))))
    for _ in range(rounds):
        for name, run in arms.items():
            began = time.process_time()
            speeds[name].append(steps[name] * batch_size / time_steps(run, steps[name], device))
            thrift[name].append(steps[name] * batch_size / (time.process_time() - began))
    return {"speeds": speeds, "thrift": thrift, "device": device.description, "peak": read_peak_bytes()}


def time_steps(run: Steps, steps: int, device: devices.Device) -> float:
    """Return the seconds that steps take, with what the device has still to do."""
    began = time.monotonic()
    run(steps)
    if device.is_gpu:
        torch.cuda.synchronize(device.torch_device)
    return time.monotonic() - began


def read_peak_bytes() -> int:
    """Return the most resident memory that this process had."""
    return 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
