"""The table of the scale bench. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class ScaleRun:
    """What a training made of its budget; `rounds_` is of the rounds in which several recipes trained.

    `passes` are the images that were trained on, `waited_seconds` is what the rounds took beyond their longest trials:
    starting them, and waiting for the last. CPU time is that of all processes.
    """

    devices: int
    trials: int
    passes: int
    rounds_seconds: float
    rounds_charged_seconds: float
    waited_seconds: float
    charged_seconds: float
    wall_seconds: float
    cpu_seconds: float
    score: float | None


def format_runs(runs: Sequence[ScaleRun], cores: int) -> str:
    """Return a line for each number of devices; speed is in images a second, beside the first line's."""
    lines = [
        "| devices | cores | trials | images trained on | s | charged s | images/s | times | waiting s | score "
        "| whole run: s | charged s | CPU s |",
        "|---|---|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    base = compute_speed(runs[0])
    for run in runs:
        speed = compute_speed(run)
        score = "none" if run.score is None else f"{run.score:.3f}"
        lines.append(
            f"| {run.devices} | {min(run.devices, cores)} | {run.trials} | {run.passes:,} | {run.rounds_seconds:.1f} "
            f"| {run.rounds_charged_seconds:.1f} | {speed:,.0f} | {speed / base:.2f} | {run.waited_seconds:.1f} "
            f"| {score} | {run.wall_seconds:.1f} | {run.charged_seconds:.1f} | {run.cpu_seconds:.1f} |"
        )
    return "\n".join(lines)


def compute_speed(run: ScaleRun) -> float:
    """Return the images a second that trials trained on."""
    return run.passes / max(1e-9, run.rounds_seconds)
