"""The rows of the bench of killed nodes: what a run is, what must hold, and how it is shown. Pure."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from darkroom_api.conditions import Reason

SILENCE_SECONDS: Final = (0.5, 16.0)
"""How long a partition lasts that ends: a pod may be silent for 8 s here."""


class ClockKind(StrEnum):
    """What the meter reads: steps, one second each, so that the same work is the same model; or time."""

    COUNTED = "counted"
    REAL = "real"


BUDGET_SECONDS: Final[Mapping[ClockKind, float]] = {ClockKind.COUNTED: 60.0, ClockKind.REAL: 40.0}


class Harm(StrEnum):
    """What is done to a run."""

    NONE = "nothing"
    WORKER = "worker killed"
    FIRST = "index 0 killed"
    DRAIN = "drain"
    PARTITION = "partition"
    LATE = "partition that ends"

    @property
    def keeps_workers(self) -> bool:
        """Return whether all the work that counts is done by as many workers as without it."""
        return self in (Harm.NONE, Harm.FIRST, Harm.DRAIN)


@dataclass(frozen=True)
class Spot:
    """Where a run is so many seconds after its start: what index 0 says that it does, and what was charged."""

    seconds: float
    stage: str
    charged_seconds: float


Course = Sequence[Spot]
"""Where a run is, whenever that changes; the last one is its end."""


def find_spot(course: Course, share: float) -> tuple[Spot, float]:
    """Return where a run is after a share of its time, and for how many seconds it has been there."""
    at_seconds = share * course[-1].seconds
    spot = [spot for spot in course if spot.seconds <= at_seconds][-1]
    return spot, at_seconds - spot.seconds


def has_come_to(spot: Spot, now: Spot, course: Course) -> bool:
    """Return whether another run, as fast or not, has come to a spot of this course."""
    stages = list(dict.fromkeys(one.stage for one in course))
    if now.stage not in stages:
        return False
    return (stages.index(now.stage), now.charged_seconds) >= (stages.index(spot.stage), spot.charged_seconds)


@dataclass(frozen=True)
class Plan:
    """A run: the harm comes where one that nothing is done to is after `share` of its time."""

    number: int
    harm: Harm
    clock: ClockKind
    share: float
    silence_seconds: float | None = None
    """How long a partition lasts; None for good."""


@dataclass(frozen=True)
class Run:
    """How a plan ended. `stage` is where the harm met it, empty where it was over before.

    `course` is where its first attempt was. `excess_seconds` is the most that any look at the uncapped meter was above
    the budget. `model` is a digest of the published files that the work decides, `keys` all that lies in the bucket,
    `left` what else was left behind, `odd_ends` the processes that ended as they should not.
    """

    plan: Plan
    stage: str
    course: Course
    reason: Reason | None
    message: str
    attempts: int
    charged_seconds: float
    excess_seconds: float
    seen_by: str
    model: str
    keys: frozenset[str]
    left: tuple[str, ...]
    odd_ends: tuple[str, ...]
    real_seconds: float


def draw_plans(moments: int, clocks: Sequence[ClockKind], seed: int) -> list[Plan]:
    """Return the plans: for each kind of harm one random moment in each of so many equal parts of the run."""
    plans: list[Plan] = []
    for harm in (Harm.WORKER, Harm.FIRST, Harm.DRAIN, Harm.PARTITION):
        chance = random.Random(f"{seed} {harm}")
        for at in range(moments):
            share = (at + chance.random()) / moments
            silence_seconds = round(chance.uniform(*SILENCE_SECONDS), 1)
            is_late = harm is Harm.PARTITION and at % 2 == 1
            for clock in clocks:
                drawn = Harm.LATE if is_late else harm
                plans.append(Plan(len(plans), drawn, clock, share, silence_seconds if is_late else None))
    return plans


def find_problems(run: Run, undisturbed: Run) -> list[str]:
    """Return what is wrong with a run, in words."""
    budget_seconds = BUDGET_SECONDS[run.plan.clock]
    problems = [*run.odd_ends, *(f"left behind: {one}" for one in run.left)]
    if run.reason is not Reason.SUCCEEDED:
        problems.append(f"it ended {run.reason or 'without a word'}")
    if run.charged_seconds > budget_seconds:
        problems.append(f"it was charged {run.charged_seconds:.2f} s of {budget_seconds:.2f} s")
    if run.excess_seconds > 0:
        problems.append(f"its meter was {run.excess_seconds:.2f} charged seconds above the budget ({run.seen_by})")
    if run.keys != undisturbed.keys:
        problems.append(f"the bucket differs in {', '.join(sorted(run.keys ^ undisturbed.keys))}")
    if is_same_model(run, undisturbed) is False:
        problems.append("its model is another than without harm")
    return problems


def is_same_model(run: Run, undisturbed: Run) -> bool | None:
    """Return whether the model is that of a run without harm, bit for bit; None where it need not be.

    Other workers add gradients up in another order, and more time is more steps.
    """
    if run.plan.clock is ClockKind.REAL or not run.plan.harm.keeps_workers:
        return None
    return run.model == undisturbed.model


def describe(run: Run) -> str:
    """Return a run in one line."""
    plan = run.plan
    lasting = f" for {plan.silence_seconds:g} s" if plan.silence_seconds is not None else ""
    met = f"at {run.stage!r}" if run.stage else "after its end"
    return (
        f"run {plan.number}, {plan.clock} clock, {plan.harm}{lasting} {met} ({plan.share:.0%}): {run.reason} after "
        f"{run.attempts} attempts, {run.charged_seconds:.1f} of {BUDGET_SECONDS[plan.clock]:.0f} s charged, latest "
        f"{run.excess_seconds:+.2f} s, {run.real_seconds:.1f} real s; {run.message[:200]}"
    )


def format_table(runs: Sequence[Run], undisturbed: Mapping[ClockKind, Run]) -> str:
    """Return a line for each kind of harm and clock; `charged` is the most, `bit for bit` counts where it must be."""
    lines = [
        "| harm | clock | runs | met by it | Succeeded | attempts | charged at most | latest unit ended | bit for bit "
        "| left behind | broken |",
        "|---" * 11 + "|",
    ]
    for harm in Harm:
        for clock in ClockKind:
            group = [run for run in runs if (run.plan.harm, run.plan.clock) == (harm, clock)]
            if group:
                lines.append(_format_group(group, undisturbed[clock]))
    return "\n".join(lines)


def _format_group(group: Sequence[Run], undisturbed: Run) -> str:
    plan = group[0].plan
    attempts = [run.attempts for run in group]
    fewest, most = min(attempts), max(attempts)
    tries = str(most) if fewest == most else f"{fewest} to {most}"
    charged = max(run.charged_seconds for run in group) / BUDGET_SECONDS[plan.clock]
    latest = max(run.excess_seconds for run in group)
    same = [is_same_model(run, undisturbed) for run in group]
    bits = "–" if None in same else f"{sum(map(bool, same))} of {len(same)}"
    left = sum(bool(run.left) or run.keys != undisturbed.keys for run in group)
    broken = sum(bool(find_problems(run, undisturbed)) for run in group)
    met, good = sum(bool(run.stage) for run in group), sum(run.reason is Reason.SUCCEEDED for run in group)
    return (
        f"| {plan.harm} | {plan.clock} | {len(group)} | {met} | {good} | {tries} "
        f"| {charged:.1%} | {abs(latest):.2f} s {'after' if latest > 0 else 'before'} the end | {bits} | {left} "
        f"| {broken} |"
    )
