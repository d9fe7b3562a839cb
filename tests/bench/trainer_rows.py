"""The measurements of `bench_trainer`, each in a process of its own: prints one line of JSON.

`python -m tests.bench.trainer_rows loop BACKBONE SIZE BATCH ROUNDS`, `loader FOLDER BACKBONE SIZE BATCH ROUNDS`,
`write FOLDER COUNT`, `growth FOLDER COUNT`. Arms that are compared take turns in short rounds of one process, so that
what else the machine does falls on both.
"""

import itertools
import json
import pathlib
import resource
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any, Final

import numpy as np
import torch
from torch.utils.data import DataLoader
from torchvision import datasets, transforms

from darkroom_trainer import device as devices, loop, meter as meters, stopping
from tests.bench import trainer_sets as sets

ROUND_SECONDS: Final = 3.0
WARM_UP_STEPS: Final = 3
GROWTH_PX: Final = 64
GROWTH_BATCH: Final = 64
LOADER_PROCESSES: Final = 2

Steps = Callable[[int], None]


def measure_loop(backbone: str, size_px: int, batch_size: int, rounds: int) -> dict[str, Any]:
    """Return images a second of the training loop, and of bare steps on one batch of floats that lies in memory."""
    device = devices.prepare_device()
    recipe = sets.build_recipe(backbone, size_px, batch_size)
    data = sets.draw_data(size_px, device)
    ours, bare = sets.build_learner(data, recipe, device), sets.build_learner(data, recipe, device)
    arms = {"loop": lambda count: run_loop(ours, count), "synthetic": lambda count: run_bare(bare, count)}
    return compare(arms, batch_size, rounds, device)


def run_loop(learner: loop.Learner, steps: int) -> None:
    """Take this many steps of the whole loop: data, variations, meter and hooks."""
    stop, last = threading.Event(), learner.step + steps
    hooks = loop.Hooks(observe=lambda _share, _loss: None, keep=lambda one: stop.set() if one.step >= last else None)
    meter = meters.Meter()
    window = loop.Window(meter.charged_seconds, meter.charged_seconds + 3600)
    try:
        loop.train_window(learner, window, meter, hooks, stop)
    except stopping.RunStopped:
        return


def run_bare(learner: loop.Learner, steps: int) -> None:
    """Take this many steps of the same model, loss and optimizer on one normalized batch."""
    size, count = learner.recipe.image_size_px, learner.recipe.batch_size
    place = learner.device.place
    images = torch.randn(count, 3, size, size, device=place).to(memory_format=torch.channels_last)
    batches = itertools.repeat((images, torch.arange(count, device=place) % len(sets.TAGS)))
    run_batches(learner, batches, steps)


def run_batches(learner: loop.Learner, batches: Iterator[tuple[torch.Tensor, torch.Tensor]], steps: int) -> None:
    """Take steps as a plain training script does."""
    for images, labels in itertools.islice(batches, steps):
        with learner.device.mixed_precision():
            outputs = learner.model(images.to(learner.device.place))
        loss = learner.task.compute_loss(outputs, {"label": labels.to(learner.device.place)})
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
        torch.cuda.synchronize(device.place)
    return time.monotonic() - began


def read_peak_bytes() -> int:
    """Return the most resident memory that this process had."""
    return 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def measure_loader(folder: str, backbone: str, size_px: int, batch_size: int, rounds: int) -> dict[str, Any]:
    """Return images a second of our training on files, and of a torchvision DataLoader's, after the first epoch."""
    device = devices.prepare_device()
    recipe = sets.build_recipe(backbone, size_px, batch_size)
    root = pathlib.Path(folder)
    with tempfile.TemporaryDirectory() as work:
        data, _ = load_files(root, size_px, pathlib.Path(work), device)
        ours, theirs = sets.build_learner(data, recipe, device), sets.build_learner(data, recipe, device)
        batches = iterate_epochs(build_loader(root, size_px, batch_size))
        arms: dict[str, Steps] = {
            "loop": lambda count: run_loop(ours, count),
            "loader": lambda count: run_batches(theirs, batches, count),
            "loop, input alone": lambda count: feed_alone(ours, count),
            "loader, input alone": lambda count: feed_loader(batches, count),
        }
        for _ in range(len(data.rows) // batch_size):  # the first epoch, which finds the files not yet in memory
            next(batches)
        return compare(arms, batch_size, rounds, device)


def feed_alone(learner: loop.Learner, steps: int) -> None:
    """Gather, vary and normalize batches without learning from them."""
    for _ in range(steps):
        loop.normalize(learner._load_batch().images, learner.data)
        learner.step += 1


def feed_loader(batches: Iterator[tuple[torch.Tensor, torch.Tensor]], steps: int) -> None:
    """Take batches from the DataLoader without learning from them."""
    for _ in range(steps):
        next(batches)


def build_loader(root: pathlib.Path, size_px: int, batch_size: int) -> Any:
    """Return what torchvision's references train with: decode, crop, mirror, colours, normalize, in processes."""
    varied = transforms.Compose(
        [
            transforms.RandomResizedCrop(size_px, scale=(0.6, 1.0)),
            transforms.RandomHorizontalFlip(),
            transforms.ColorJitter(brightness=0.2, contrast=0.2),
            transforms.ToTensor(),
            transforms.Normalize(sets.MEAN, sets.DEVIATION),
        ]
    )
    files = datasets.ImageFolder(str(root), varied)
    return DataLoader(
        files, batch_size, shuffle=True, drop_last=True, num_workers=LOADER_PROCESSES, persistent_workers=True
    )


def iterate_epochs(loader: Any) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """Yield batches of one epoch after another."""
    while True:
        yield from loader


def load_files(
    root: pathlib.Path, size_px: int, work: pathlib.Path, device: devices.Device
) -> tuple[loop.TrainingData, dict[str, float]]:
    """Return the data as a run reads it, and the seconds of reading with checking, and of decoding."""
    from darkroom_api.run_config import DatasetSource
    from darkroom_api.v1alpha1.common import AnnotationKind
    from darkroom_trainer import preparation, reporting
    from darkroom_trainer.data import loading
    from darkroom_trainer.export.description import Preprocessing
    from darkroom_trainer.tasks.classifier import Classifier

    uri, kind = (root / "train.json").as_uri(), AnnotationKind.CLASSIFICATION
    source = DatasetSource(name="bench", annotation_kind=kind, annotation_files=(uri,))
    reporter = reporting.SilentReporter()
    began = time.monotonic()
    dataset = loading.load_dataset(source, work, reporter)
    read = time.monotonic()
    rows, task = np.arange(len(dataset.examples)), Classifier(sets.TAGS)
    looks = Preprocessing(size_px, sets.MEAN, sets.DEVIATION)
    data = preparation.build_data(dataset, rows, task, looks, device, work, reporter)
    return data, {"read": read - began, "decode": time.monotonic() - read}


def measure_growth(folder: str, count: int) -> dict[str, Any]:
    """Return seconds of reading, decoding and one pass over the images, and the peak memory of it all."""
    device = devices.prepare_device()
    recipe = sets.build_recipe("test_resnet", GROWTH_PX // 2, GROWTH_BATCH)
    before = read_peak_bytes()
    with tempfile.TemporaryDirectory() as work:
        data, seconds = load_files(pathlib.Path(folder), recipe.image_size_px, pathlib.Path(work), device)
        learner = sets.build_learner(data, recipe, device)
        run_loop(learner, WARM_UP_STEPS)
        began = time.monotonic()
        run_loop(learner, count // GROWTH_BATCH)
        seconds["pass"] = time.monotonic() - began
    assert len(data.rows) == count
    return {"seconds": seconds, "peak": read_peak_bytes(), "before": before}


def main(name: str, *words: str) -> None:
    """Run one measurement and print what it returns."""
    numbers = [int(word) if word.isdigit() else word for word in words]
    if name == "write":
        sets.write_folders(pathlib.Path(words[0]), *(int(word) for word in words[1:]))
        return
    measurements: dict[str, Callable[..., dict[str, Any]]] = {
        "loop": measure_loop,
        "loader": measure_loader,
        "growth": measure_growth,
    }
    print(json.dumps(measurements[name](*numbers)))


if __name__ == "__main__":
    main(*sys.argv[1:])
