"""The rows of the budget bench, what must hold in each, and how they are shown. Pure."""

import math
from dataclasses import dataclass
from typing import Any, Final

from darkroom_api.v1alpha1.common import StopReason

KIND_ORDER: Final = ("SIGKILL", "drain", "preemption")
"""In turn, so that one run of three kills has one of each: two crashes is what retries allow by default."""
QUEUED_SECONDS: Final = 60
MOST_UNUSED: Final = 0.05
STANDARD_ERRORS: Final = 3
HEADER: Final = "| run | budget s | kills | attempts | queued s | charged s | used | allocated s | score | phase |"


@dataclass(frozen=True)
class Plan:
    """One run: its task, its budget and what happens to its pods, in this order."""

    number: int
    task: str
    budget_seconds: int
    kinds: tuple[str, ...]

    @property
    def name(self) -> str:
        """Return the Model's name."""
        return f"{self.task}-{self.budget_seconds}s-{len(self.kinds)}-{self.number}"


@dataclass(frozen=True)
class Row:
    """What a run's status said at its end. `kills` are those that met a running pod, as `KIND at SECOND`."""

    plan: Plan
    kills: tuple[str, ...]
    attempts: int
    queued_seconds: float
    charged_seconds: float
    allocated_seconds: float
    score: float | None
    images: int
    phase: str
    message: str
    has_model: bool
    stop_reason: str = StopReason.BUDGET_REACHED.value

    @property
    def used(self) -> float:
        """Return the share of the budget that was charged."""
        return self.charged_seconds / self.plan.budget_seconds


def build_row(plan: Plan, kills: tuple[str, ...], queued_seconds: float, status: dict[str, Any]) -> Row:
    """Return the row of a Model's last status."""
    budget, performance = status.get("budget") or {}, status.get("performance") or {}
    return Row(
        plan=plan,
        kills=kills,
        attempts=len(status.get("attempts", [])),
        queued_seconds=queued_seconds,
        charged_seconds=float(budget.get("chargedSeconds", 0.0)),
        allocated_seconds=float(budget.get("allocatedSeconds", 0.0)),
        score=performance.get("score"),
        images=int(performance.get("images", 0)),
        phase=str(status.get("phase")),
        message=str(status.get("message")),
        has_model=bool(status.get("artifacts")),
        stop_reason=str(status.get("stopReason")),
    )


def find_problems(rows: list[Row]) -> list[str]:
    """Return every rule that a row breaks, in words."""
    return [f"{row.plan.name}: {problem}" for row in rows for problem in _check(row, _find_reference(row, rows))]


def _check(row: Row, reference: Row | None) -> list[str]:
    problems = []
    if row.phase != "Succeeded" or not row.has_model:
        problems.append(f"{row.phase} {'with' if row.has_model else 'without'} a model: {row.message}")
    if row.charged_seconds > row.plan.budget_seconds:
        problems.append(f"charged {row.charged_seconds} s of {row.plan.budget_seconds} s")
    if row.stop_reason == StopReason.BUDGET_REACHED and abs(1 - row.used) > MOST_UNUSED:
        problems.append(f"used {row.used:.1%} of the budget")
    if len(row.kills) != len(row.plan.kinds):
        problems.append(f"only {len(row.kills)} of {len(row.plan.kinds)} kills met a running pod")
    if row.queued_seconds < QUEUED_SECONDS:
        problems.append(f"queued for {row.queued_seconds:.0f} s only")
    if reference is not None and not is_within_noise(row, reference):
        problems.append(f"score {row.score} beside {reference.score} undisturbed, noise {find_noise(reference):.3f}")
    return problems


def _find_reference(row: Row, rows: list[Row]) -> Row | None:
    """Return the undisturbed run of the same task and budget, where it was measured."""
    same = (other for other in rows if (other.plan.task, other.plan.budget_seconds) == _key(row))
    return next((other for other in same if not other.plan.kinds and other is not row), None)


def _key(row: Row) -> tuple[str, int]:
    return row.plan.task, row.plan.budget_seconds


def is_within_noise(row: Row, reference: Row) -> bool:
    """Return whether a run is no worse than the undisturbed one by more than the noise of the two."""
    return (
        row.score is not None and reference.score is not None and row.score >= reference.score - find_noise(reference)
    )


def find_noise(reference: Row) -> float:
    """Return three standard errors of the difference of two shares of `images`, by the binomial distribution.

    The share is taken with one hit and one miss added, since a perfect score has some noise, too. An average precision
    is no share; for it this is a yardstick.
    """
    share = ((reference.score or 0.0) * reference.images + 1) / (reference.images + 2)
    return STANDARD_ERRORS * math.sqrt(2 * share * (1 - share) / max(reference.images, 1))


def format_table(rows: list[Row]) -> str:
    """Return the rows as a table that is read as text and as Markdown."""
    lines = [HEADER, "|" + "---|" * (HEADER.count("|") - 1)]
    for row in rows:
        cells = (
            row.plan.task,
            row.plan.budget_seconds,
            ", ".join(row.kills) or "none",
            row.attempts,
            f"{row.queued_seconds:.0f}",
            f"{row.charged_seconds:.1f}",
            f"{row.used:.1%}",
            f"{row.allocated_seconds:.0f}",
            "none" if row.score is None else f"{row.score:.3f} (of {row.images})",
            row.phase,
        )
        lines.append("| " + " | ".join(str(cell) for cell in cells) + " |")
    return "\n".join(lines)
