"""The rows of the bench of random budgets: what a run is, what must hold, and how it is shown. Pure."""

import math
import random
import statistics
from dataclasses import dataclass
from typing import Final

from darkroom_api.conditions import Reason
from darkroom_api.v1alpha1.common import TASK_ANNOTATIONS, AnnotationKind, Task
from darkroom_trainer.training.publication import model_files

ALLOWED: Final = (Reason.SUCCEEDED, Reason.BUDGET_NOT_ENOUGH)
TASKS: Final = (Task.CLASSIFIER, Task.MULTILABEL_CLASSIFIER, Task.DETECTOR)
TRAIN_IMAGES: Final = (12, 30, 60)
BUDGET_SECONDS: Final = (4.0, 45.0)
STEP_SECONDS: Final = (0.02, 0.2)
RATES: Final = (500, 1000, 2500)


@dataclass(frozen=True)
class Interruption:
    """An end from outside, at a moment of the attempt: `stop` asks for it, `kill` does not ask."""

    kind: str
    at_seconds: float


@dataclass(frozen=True)
class Plan:
    """A run. `clock_seconds` is its budget on the machine's clock; what it is charged is that by its rate."""

    number: int
    task: Task
    images: int
    has_evaluation: bool
    clock_seconds: float
    milli_rate: int
    seed: int
    step_seconds: float
    interruptions: tuple[Interruption, ...]

    @property
    def budget_seconds(self) -> float:
        """Return the budget in charged seconds."""
        return self.clock_seconds * self.milli_rate / 1000

    @property
    def annotation_kind(self) -> AnnotationKind:
        """Return what its task learns from."""
        return TASK_ANNOTATIONS[self.task]

    @property
    def is_boxed(self) -> bool:
        """Return whether that has boxes."""
        return self.annotation_kind is AnnotationKind.DETECTION


@dataclass(frozen=True)
class Run:
    """How a plan ended. `excess_seconds` is the most that any look at the uncapped meter was above the budget.

    `seen_by` is who first saw it above; where nobody did, who saw it closest. `trail` are the last looks.
    """

    plan: Plan
    reason: Reason
    message: str
    charged_seconds: float
    excess_seconds: float
    seen_by: str
    trail: tuple[str, ...]
    attempts: int
    stop_reason: str
    real_seconds: float


def draw_plan(number: int, chance: random.Random) -> Plan:
    """Return a random plan; small budgets are as likely as large ones."""
    low, high = (math.log(seconds) for seconds in BUDGET_SECONDS)
    clock_seconds = round(math.exp(chance.uniform(low, high)), 1)
    kinds = chance.choice(((), (), ("kill",), ("stop",), ("kill", "stop"), ("kill", "kill")))
    moments = [round(chance.uniform(0.05, 1.0) * clock_seconds, 2) for _ in kinds]
    return Plan(
        number=number,
        task=chance.choice(TASKS),
        images=chance.choice(TRAIN_IMAGES),
        has_evaluation=chance.random() < 0.5,
        clock_seconds=clock_seconds,
        milli_rate=chance.choice(RATES),
        seed=chance.randrange(1000),
        step_seconds=round(math.exp(chance.uniform(*(math.log(seconds) for seconds in STEP_SECONDS))), 3),
        interruptions=tuple(Interruption(kind, at) for kind, at in zip(kinds, moments, strict=True)),
    )


def find_problems(run: Run) -> list[str]:
    """Return what is wrong with a run, in words.

    A run that is refused may have looked at its machine for longer than its budget: it admitted no work and is charged
    nothing. Two hundred models of all kinds are also the widest check of their ONNX files that there is.
    """
    problems = []
    if run.reason not in ALLOWED:
        problems.append(f"it ended {run.reason}")
    if run.charged_seconds > run.plan.budget_seconds:
        problems.append(f"it was charged {run.charged_seconds:.2f} s of {run.plan.budget_seconds:.2f} s")
    is_refused = run.reason is Reason.BUDGET_NOT_ENOUGH and run.charged_seconds == 0
    if run.excess_seconds > 0 and not is_refused:
        problems.append(f"its meter was {run.excess_seconds:.2f} charged seconds above the budget")
    if model_files.DISAGREES in run.message:
        problems.append("its ONNX file disagreed with torch")
    return problems


def describe(run: Run) -> str:
    """Return a run in one line."""
    plan = run.plan
    ends = ", ".join(f"{one.kind} at {one.at_seconds:g} s" for one in plan.interruptions) or "not interrupted"
    return (
        f"run {plan.number}, {plan.task.value}, {plan.images} images, {plan.clock_seconds:g} s at rate "
        f"{plan.milli_rate}, steps of {plan.step_seconds:g} s, {ends}: {run.reason} {run.stop_reason} after "
        f"{run.attempts} attempts, {run.charged_seconds:.1f} of {plan.budget_seconds:.1f} s charged, latest "
        f"{run.excess_seconds:+.2f} s, seen by {run.seen_by}, {run.real_seconds:.1f} real s; {run.message[:160]}"
    )


def format_table(runs: list[Run]) -> str:
    """Return a line for each task and number of interruptions; `used` is a median of the Succeeded."""
    lines = [
        "| task | interruptions | runs | Succeeded | without ONNX | BudgetNotEnough | other | used | latest unit ended "
        "| broken |",
        "|---" * 10 + "|",
    ]
    for task in sorted({run.plan.task for run in runs}):
        for count in sorted({len(run.plan.interruptions) for run in runs}):
            group = [run for run in runs if run.plan.task is task and len(run.plan.interruptions) == count]
            if group:
                lines.append(_format_group(task, count, group))
    return "\n".join(lines)


def _format_group(task: Task, count: int, group: list[Run]) -> str:
    ends = [sum(run.reason is reason for run in group) for reason in ALLOWED]
    used = [run.charged_seconds / run.plan.budget_seconds for run in group if run.reason is Reason.SUCCEEDED]
    median = f"{statistics.median(used):.1%}" if used else "–"
    latest = max((run.excess_seconds for run in group if run.charged_seconds), default=float("-inf"))
    place = f"{abs(latest):.2f} s {'after' if latest > 0 else 'before'} the end" if math.isfinite(latest) else "–"
    broken = sum(bool(find_problems(run)) for run in group)
    others = len(group) - sum(ends)
    lacking = sum(model_files.NO_TIME in run.message for run in group)
    return (
        f"| {task} | {count} | {len(group)} | {ends[0]} | {lacking} | {ends[1]} | {others} | {median} | {place} "
        f"| {broken} |"
    )
