"""What the worker of `darkroom serve --local` does next, and with which attempt a run goes on.

Pure, but for what the state folder was asked to read. Must not do: run or write anything.
"""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from darkroom_api.conditions import TERMINAL_PHASES, DatasetPhase, Reason
from darkroom_api.results import AnyStatus
from darkroom_api.run_config import RunConfig
from darkroom_api.v1alpha1.common import Attempt
from darkroom_api.v1alpha1.evaluation import EvaluationSpec
from darkroom_api.v1alpha1.model import ModelSpec
from darkroom_api.v1alpha1.prediction import PredictionSpec
from darkroom_trainer.local import status as statuses
from darkroom_trainer.local.board import BoardEntry
from darkroom_trainer.local.decide import planning
from darkroom_trainer.local.serving.state_folder import StateFolder

MAX_CRASHES: Final = 3
"""So often in a row a run may end its worker."""
NOT_THERE: Final = "does not exist; create it, and the run starts"
_CRASHED: Final = (
    f"The process that worked on this run was killed {MAX_CRASHES} times in a row, such as for want of memory; "
    "worker.log in the server's folder may say why."
)
_NOTHING_KEPT: Final = "`spec.cancel` ended the run; its process was killed, and nothing could be kept."


@dataclass(frozen=True)
class PlannedStep:
    """What to do with one resource: a run, or a status that says why there is none."""

    entry: BoardEntry
    planned: RunConfig | AnyStatus


def list_steps(state: StateFolder, now: datetime) -> Iterator[PlannedStep]:
    """Yield one step for each resource that does not only wait, oldest first, up to the first that is a run.

    A Dataset is read when a run needs it that was asked for after it was read last.
    """
    for entry in state.entries:
        if entry.manifest.kind.name == "Dataset" or entry.status.phase in TERMINAL_PHASES:
            continue
        step = _find_step(state, entry, now)
        if step.planned != step.entry.status:
            yield step
        if isinstance(step.planned, RunConfig):
            return


def list_cancelled(state: StateFolder, now: datetime) -> Iterator[PlannedStep]:
    """Yield a step for each Model that was cancelled before it began: its end need not wait for other runs."""
    for entry in state.entries:
        if _is_cancelled(entry) and not entry.status.attempts and entry.status.phase not in TERMINAL_PHASES:
            yield PlannedStep(entry, planning.plan(state, entry, now, NOT_THERE))


def _find_step(state: StateFolder, entry: BoardEntry, now: datetime) -> PlannedStep:
    if entry.status.attempts and _count_crashes(entry.status.attempts) >= MAX_CRASHES:
        cancelled = _is_cancelled(entry)
        message = _NOTHING_KEPT if cancelled else _CRASHED
        return PlannedStep(entry, statuses.give_up(entry.status, message, now, cancelled=cancelled))
    told = state.read_run(entry) if entry.status.attempts else None
    if told is not None:
        return PlannedStep(entry, _build_next_attempt(entry, told))
    unread = _find_unread_dataset(state, entry, now)
    if unread is None:
        return PlannedStep(entry, planning.plan(state, entry, now, NOT_THERE))
    attempts = () if _has_ended(unread.status) else unread.status.attempts
    if _count_crashes(attempts) >= MAX_CRASHES:
        return PlannedStep(unread, statuses.give_up(unread.status, _CRASHED, now))
    planned = planning.plan(state, unread, now, NOT_THERE)
    assert isinstance(planned, RunConfig)
    return PlannedStep(unread, planned.model_copy(update={"attempt": len(attempts) + 1}))


def _is_cancelled(entry: BoardEntry) -> bool:
    return isinstance(entry.manifest.spec, ModelSpec) and entry.manifest.spec.cancel is True


def _find_unread_dataset(state: StateFolder, entry: BoardEntry, now: datetime) -> BoardEntry | None:
    """Return a Dataset that has to be read before `entry` can start, ready to be."""
    spec = entry.manifest.spec
    named: tuple[str | None, ...]
    if isinstance(spec, ModelSpec):
        named = () if spec.cancel or spec.suspend else (spec.dataset, spec.evaluation_dataset)
    else:
        assert isinstance(spec, EvaluationSpec | PredictionSpec)
        named = (spec.dataset,)
    found = (state.find("Dataset", entry.manifest.namespace, name) for name in named if name is not None)
    return next((dataset for dataset in found if dataset is not None and not _is_read(dataset, entry, now)), None)


def _is_read(dataset: BoardEntry, run: BoardEntry, now: datetime) -> bool:
    """Return whether a Dataset as it is now was read since `run` was asked for."""
    status = dataset.status
    if status.observed_generation != dataset.generation or not status.attempts or not _has_ended(status):
        return False
    began = status.attempts[-1].started_at
    # A run of the future comes from a clock that was set back.
    return run.created_at > now or (began is not None and datetime.fromisoformat(began) >= run.created_at)


def _has_ended(status: AnyStatus) -> bool:
    return status.phase in (DatasetPhase.READY, DatasetPhase.INVALID)


def _build_next_attempt(entry: BoardEntry, told: RunConfig) -> RunConfig:
    """Return the next attempt at a run that has begun: what it was told at first, and what it has kept since."""
    attempts = entry.status.attempts
    return told.model_copy(
        update={
            "attempt": attempts[-1].number + 1,
            "charged_seconds": max((attempt.charged_seconds or 0.0 for attempt in attempts), default=0.0),
            "publish_only": _is_cancelled(entry),
        }
    )


def _count_crashes(attempts: tuple[Attempt, ...]) -> int:
    """Return how many attempts in a row, up to the last, ended without a word of their own."""
    own = itertools.takewhile(lambda attempt: attempt.outcome == Reason.UNKNOWN, reversed(attempts))
    return sum(1 for _ in own)
