"""The rules and the tables of the curve bench. Pure.

A row is a training of Darkroom; one of the method SPENDS_ALL was made to spend its budget, to compare with.
"""

import math
import statistics
from collections.abc import Sequence
from typing import Final

from bench.fewshot.cells import DARKROOM, Row, name_shots

SPENDS_ALL: Final = f"{DARKROOM}:spends-all"
MOST_CHARGED: Final = 1 / 3
"""Of the budget, on an easy set."""


def compute_noise(one: Sequence[Row], other: Sequence[Row]) -> float:
    """Return what two means may differ by: the pooled deviation over the seeds, or a share's standard error."""
    pooled = math.sqrt((_deviate(one) ** 2 + _deviate(other) ** 2) / 2)
    mean = statistics.fmean(row.score for row in other)
    return max(pooled, math.sqrt(mean * (1 - mean) / other[0].images))


def _deviate(results: Sequence[Row]) -> float:
    return statistics.stdev([row.score for row in results]) if len(results) > 1 else 0.0


def find_drops(results: Sequence[Row]) -> list[str]:
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


def find_stop_problems(stopped: Sequence[Row], whole: Sequence[Row]) -> list[str]:
    """Return the easy sets that were charged too much, or that lost by stopping."""
    problems = []
    for row in stopped:
        share = row.charged_seconds / row.cell.budget_seconds
        if share > MOST_CHARGED:
            problems.append(f"{row.cell.key}: {share:.0%} of the budget were charged")
    compared = {shape: next(iter(curve.values())) for shape, curve in _group(whole).items()}
    for shape, curve in _group(stopped).items():
        for results in curve.values():
            if shape in compared and (loss := _mean(compared[shape]) - _mean(results)) > compute_noise(
                results, compared[shape]
            ):
                problems.append(f"{shape[0]}: stopping early lost {loss:.3f}")
    return problems


def _group(results: Sequence[Row]) -> dict[tuple[str, int], dict[float, list[Row]]]:
    groups: dict[tuple[str, int], dict[float, list[Row]]] = {}
    for row in results:
        curve = groups.setdefault((row.cell.set_name, row.cell.shots), {})
        curve.setdefault(row.cell.budget_seconds, []).append(row)
    return groups


def _mean(results: Sequence[Row]) -> float:
    return statistics.fmean(row.score for row in results)


def format_curves(results: Sequence[Row]) -> str:
    """Return a line for each set and budget."""
    lines = ["| set, shots | budget s | score | charged s | stopped |", "|---|---|---|---|---|"]
    for (name, shots), curve in _group(results).items():
        for budget, found in sorted(curve.items()):
            lines.append(f"| {name}, {name_shots(shots)} | {budget:g} | {_tell(found)} |")
    return "\n".join(lines)


def format_stops(stopped: Sequence[Row], whole: Sequence[Row]) -> str:
    """Return a line for each easy set that may stop, and for the same that may not."""
    lines = ["| set, shots | budget s | score | charged s | stopped | of the budget |", "|---|---|---|---|---|---|"]
    for (name, shots), curve in _group([*stopped, *whole]).items():
        for budget, found in sorted(curve.items(), reverse=True):
            share = statistics.fmean(row.charged_seconds for row in found) / budget
            lines.append(f"| {name}, {name_shots(shots)} | {budget:g} | {_tell(found)} | {share:.0%} |")
    return "\n".join(lines)


def _tell(found: Sequence[Row]) -> str:
    charged = statistics.fmean(row.charged_seconds for row in found)
    is_told_not_to = found[0].cell.method == SPENDS_ALL
    reasons = ["told not to"] if is_told_not_to else sorted({row.details.get("stop") or "" for row in found})
    return f"{_mean(found):.3f} ± {_deviate(found):.3f} ({len(found)} seeds) | {charged:.1f} | {', '.join(reasons)}"
