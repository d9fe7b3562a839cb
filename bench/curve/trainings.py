"""One training of the curve bench, its file, its rules and its tables.

`python -m bench.curve.trainings POINT FOLDER` measures one point alone in a process and prints the result as JSON.
"""

import contextlib
import json
import math
import pathlib
import statistics
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from bench.fewshot import clock, sets
from bench.fewshot.cells import name_shots

MOST_CHARGED: Final = 1 / 3
"""Of the budget, on an easy set."""


@dataclass(frozen=True)
class Point:
    """A training. `stops_early` is False for one that is made to spend its budget, to compare with."""

    set_name: str
    shots: int
    seed: int
    budget_seconds: float
    stops_early: bool = True

    @property
    def key(self) -> str:
        """Return what tells results apart."""
        end = "stops early" if self.stops_early else "spends all"
        return f"v{sets.VERSION}/{self.set_name}/{name_shots(self.shots)}/{self.seed}/{self.budget_seconds:g}s/{end}"

    @property
    def shape(self) -> tuple[str, int]:
        """Return set and shots."""
        return self.set_name, self.shots


@dataclass(frozen=True)
class Result:
    """How a training ended; the score is on `images` test images."""

    point: Point
    score: float
    images: int
    charged_seconds: float
    stop_reason: str
    details: dict[str, Any]


class ResultFile:
    """Results as JSON lines; a later one of a key replaces an earlier one."""

    def __init__(self, path: pathlib.Path) -> None:
        self._path = path

    def read(self) -> dict[str, Result]:
        """Return the results by key."""
        found: dict[str, Result] = {}
        for line in self._path.read_text().splitlines() if self._path.exists() else []:
            entry = json.loads(line)
            result = Result(**{**entry, "point": Point(**entry["point"])})
            found[result.point.key] = result
        return found

    def append(self, result: Result) -> None:
        """Add a result."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.open("a") as file:
            file.write(json.dumps(asdict(result)) + "\n")


def measure(point: Point, root: pathlib.Path) -> Result:
    """Train on the point's data and measure on the test images; RuntimeError where no model comes of it."""
    from bench.fewshot import darkroom_run

    bench_set = sets.SETS[point.set_name]
    train, test = sets.write_parts(bench_set, point.shots, point.seed, root)
    with tempfile.TemporaryDirectory(prefix="curve-") as folder:
        work = pathlib.Path(folder)
        config = darkroom_run.build_config(
            train, test, work, boxed=bench_set.boxed, budget_seconds=point.budget_seconds, seed=point.seed
        )
        with contextlib.nullcontext() if point.stops_early else spending_all():
            trained = darkroom_run.train(config, work, clock.read_clock)
    reason = trained.details.get("stop") or ""
    return Result(point, trained.score, trained.images, trained.charged_seconds, reason, trained.details)


@contextlib.contextmanager
def spending_all() -> Iterator[None]:
    """Have the search go on for as long as a round fits, whatever it scores."""
    from unittest import mock

    from darkroom_api.v1alpha1.common import StopReason
    from darkroom_trainer.search import halving as halvings

    def find_stop(
        _halving: halvings.Halving, _held_out: int, left_seconds: float, least_seconds: float
    ) -> StopReason | None:
        return StopReason.BUDGET_REACHED if left_seconds < least_seconds else None

    with mock.patch.object(halvings, "find_stop", find_stop):
        yield


def compute_noise(one: Sequence[Result], other: Sequence[Result]) -> float:
    """Return what two means may differ by: the pooled deviation over the seeds, or a share's standard error."""
    pooled = math.sqrt((_deviate(one) ** 2 + _deviate(other) ** 2) / 2)
    mean = statistics.fmean(result.score for result in other)
    return max(pooled, math.sqrt(mean * (1 - mean) / other[0].images))


def _deviate(results: Sequence[Result]) -> float:
    return statistics.stdev([result.score for result in results]) if len(results) > 1 else 0.0


def find_drops(results: Sequence[Result]) -> list[str]:
    """Return the budgets that gave a worse model than a smaller one, beyond noise."""
    problems = []
    for (name, shots), curve in _group(results).items():
        budgets = sorted(curve)
        for at, budget in enumerate(budgets):
            for smaller in budgets[:at]:
                drop = _mean(curve[smaller]) - _mean(curve[budget])
                noise = compute_noise(curve[smaller], curve[budget])
                if drop > noise:
                    told = f"{budget:g} s gives {drop:.3f} less than {smaller:g} s; noise is {noise:.3f}"
                    problems.append(f"{name} at {name_shots(shots)} shots: {told}")
    return problems


def find_stop_problems(stopped: Sequence[Result], whole: Sequence[Result]) -> list[str]:
    """Return the easy sets that were charged too much, or that lost by stopping."""
    problems = []
    for result in stopped:
        share = result.charged_seconds / result.point.budget_seconds
        if share > MOST_CHARGED:
            problems.append(f"{result.point.key}: {share:.0%} of the budget were charged")
    compared = {shape: next(iter(curve.values())) for shape, curve in _group(whole).items()}
    for shape, curve in _group(stopped).items():
        for results in curve.values():
            if shape in compared and (loss := _mean(compared[shape]) - _mean(results)) > compute_noise(
                results, compared[shape]
            ):
                problems.append(f"{shape[0]}: stopping early lost {loss:.3f}")
    return problems


def _group(results: Sequence[Result]) -> dict[tuple[str, int], dict[float, list[Result]]]:
    groups: dict[tuple[str, int], dict[float, list[Result]]] = {}
    for result in results:
        groups.setdefault(result.point.shape, {}).setdefault(result.point.budget_seconds, []).append(result)
    return groups


def _mean(results: Sequence[Result]) -> float:
    return statistics.fmean(result.score for result in results)


def format_curves(results: Sequence[Result]) -> str:
    """Return a line for each set and budget."""
    lines = ["| set, shots | budget s | score | charged s | stopped |", "|---|---|---|---|---|"]
    for (name, shots), curve in _group(results).items():
        for budget, found in sorted(curve.items()):
            lines.append(f"| {name}, {name_shots(shots)} | {budget:g} | {_tell(found)} |")
    return "\n".join(lines)


def format_stops(stopped: Sequence[Result], whole: Sequence[Result]) -> str:
    """Return a line for each easy set that may stop, and for the same that may not."""
    lines = ["| set, shots | budget s | score | charged s | stopped | of the budget |", "|---|---|---|---|---|---|"]
    for (name, shots), curve in _group([*stopped, *whole]).items():
        for budget, found in sorted(curve.items(), reverse=True):
            share = statistics.fmean(result.charged_seconds for result in found) / budget
            lines.append(f"| {name}, {name_shots(shots)} | {budget:g} | {_tell(found)} | {share:.0%} |")
    return "\n".join(lines)


def _tell(found: Sequence[Result]) -> str:
    charged = statistics.fmean(result.charged_seconds for result in found)
    reasons = sorted({result.stop_reason for result in found} if found[0].point.stops_early else {"told not to"})
    return f"{_mean(found):.3f} ± {_deviate(found):.3f} ({len(found)} seeds) | {charged:.1f} | {', '.join(reasons)}"


if __name__ == "__main__":
    print(json.dumps(asdict(measure(Point(**json.loads(sys.argv[1])), pathlib.Path(sys.argv[2])))))
