"""The baselines by name. Imports what a method needs only when it is prepared, so that nobody is charged for it."""

from collections.abc import Callable
from typing import Any, Final

from bench.fewshot.cells import DARKROOM
from bench.fewshot.drawing.pictures import Picture
from bench.fewshot.sets import BenchSet

Baseline = Callable[[BenchSet, list[Picture], list[Picture], int, float], tuple[float, dict[str, Any]]]

CLASSIFIERS: Final = (DARKROOM, "timm-small", "timm-medium", "logistic", "knn")
DETECTORS: Final = (DARKROOM, "fcos-test_resnet")


def prepare(method: str) -> Baseline:
    """Return a baseline, imported; KeyError for none. It is given set, training and test images, seed and its end."""
    if method in ("logistic", "knn"):
        return _prepare_pixels(method)
    return _prepare_fcos(method) if method.startswith("fcos") else _prepare_timm(method)


def _prepare_pixels(method: str) -> Baseline:
    from bench.fewshot.baselines import pixels

    return lambda _set, train, test, _seed, _end: pixels.train_on_pixels(method, train, test)


def _prepare_timm(method: str) -> Baseline:
    from bench.fewshot.baselines import finetuning

    def run(
        bench_set: BenchSet, train: list[Picture], test: list[Picture], seed: int, ends_at: float
    ) -> tuple[float, dict[str, Any]]:
        return finetuning.fine_tune(method, bench_set.name, train, test, len(bench_set.labels), seed, ends_at)

    return run


def _prepare_fcos(method: str) -> Baseline:
    from bench.fewshot.baselines import fcos

    return lambda bench_set, train, test, seed, ends_at: fcos.train_fcos(
        method, train, test, bench_set.labels, seed, ends_at
    )
