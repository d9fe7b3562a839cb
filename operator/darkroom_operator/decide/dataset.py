"""What to do about a Dataset: inspect each generation of it once, and keep what the last inspection found visible.

Pending -- Job created --> Pending -- container runs --> Inspecting --> Ready
   ^  (blocked: class,        ^                              |          Invalid
   |   Secret not allowed)    +---- pause after a bad end ---+
   +------------------------ the spec changed ------------------------------+

An inspection that cannot start, or lacks what its configuration names, waits for ever: it holds no device, and a
Dataset that is Invalid for it would end the Models that wait for the data.
"""

from dataclasses import replace
from typing import Final

from darkroom_api.conditions import DatasetPhase, Reason
from darkroom_api.results import describe_dataset, finish_dataset
from darkroom_api.v1alpha1.dataset import DatasetStatus
from darkroom_operator.config import OperatorConfig
from darkroom_operator.decide import allocation, attempts, checks, ends, verdicts, waiting
from darkroom_operator.decide.attempts import History, Ledger
from darkroom_operator.decide.decision import Decision, Problem
from darkroom_operator.decide.retries import Limits, Stage
from darkroom_operator.facts.children import ObservedJob
from darkroom_operator.facts.views import DatasetView

_DONE: Final = (DatasetPhase.READY, DatasetPhase.INVALID)


def decide_dataset(seen: DatasetView, config: OperatorConfig) -> Decision[DatasetStatus]:
    """Return the status of a Dataset and what to start or stop."""
    status = seen.status
    if seen.deleting:
        return Decision(status)
    outdated = tuple(job for job in _live(seen) if job.generation != seen.generation)
    if status.phase in _DONE and status.observed_generation == seen.generation:
        return Decision(status, stop=attempts.find_leftovers(seen.jobs, status.attempts))
    history = _gather_history(seen, config)
    ledger = attempts.assess_attempts(history)
    status = status.model_copy(update={"attempts": ledger.attempts})
    if ledger.stage is Stage.ENDED:
        decision = Decision(_finish(seen, status, ledger, config))
    elif ledger.stage is Stage.OPEN:
        decision = _follow(seen, status, ledger, config)
    else:
        decision = _start(seen, status, ledger, history, config)
    return replace(decision, stop=(*outdated, *decision.stop))


def find_blocker(seen: DatasetView, config: OperatorConfig) -> Problem | None:
    """Return what keeps an inspection from starting."""
    return checks.check_storages((("storage", seen.spec.storage),), config)


def _gather_history(seen: DatasetView, config: OperatorConfig) -> History:
    """Only Jobs and attempts of the present generation count; numbers go on, since they name the Jobs."""
    same = seen.status.observed_generation == seen.generation
    recorded = seen.status.attempts
    return History(
        recorded=recorded if same else (),
        owner_name=seen.key.name,
        uid=seen.uid,
        jobs=tuple(job for job in seen.jobs if job.generation == seen.generation),
        pods=seen.pods,
        all_numbers=(*(job.attempt for job in seen.jobs), *(attempt.number for attempt in recorded)),
        now=seen.now,
        deadline_seconds=allocation.bound_seconds(allocation.INSPECTION_LIMIT_SECONDS, config),
        limits=Limits(config.retries, start_timeout_seconds=0),
        found=seen.found,
    )


def _finish(seen: DatasetView, status: DatasetStatus, ledger: Ledger, config: OperatorConfig) -> DatasetStatus:
    end = ledger.end
    if end is None:
        message = status.message or "The last inspection ended, and nothing tells how."
        return _describe(seen, status, DatasetPhase.INVALID, Reason.UNKNOWN, message)
    if end.outcome is not None and end.kind is ends.EndKind.FINISHED:
        return finish_dataset(status, end.outcome, seen.generation, seen.now)
    told = verdicts.describe_defeat(ledger, end, verdicts.Memory("inspection.memory", config.inspection.memory))
    return _describe(seen, status, DatasetPhase.INVALID, told.reason, told.message)


def _follow(
    seen: DatasetView, status: DatasetStatus, ledger: Ledger, config: OperatorConfig
) -> Decision[DatasetStatus]:
    pod, job = ledger.pod, ledger.job
    if pod is not None and pod.over:
        return Decision(status, requeue_after_seconds=ends.SETTLE_SECONDS)
    if pod is None or not pod.running:
        wait = waiting.describe_waiting(job, pod, seen.found)
        status = _describe(seen, status, DatasetPhase.PENDING, wait.reason, wait.message)
        outdated = wait.reason is Reason.IMAGE_PULL_FAILED and job is not None and job.image != config.trainer.image
        return Decision(status, stop=_live(seen) if outdated else (), requeue_after_seconds=ends.SETTLE_SECONDS * 3)
    message = "The images and annotations are being read and checked."
    return Decision(_describe(seen, status, DatasetPhase.INSPECTING, Reason.INSPECTING, message))


def _start(
    seen: DatasetView, status: DatasetStatus, ledger: Ledger, history: History, config: OperatorConfig
) -> Decision[DatasetStatus]:
    local = checks.check_addresses(seen.spec)
    if local is not None:
        return Decision(_describe(seen, status, DatasetPhase.INVALID, local.reason, local.message))
    blocker = find_blocker(seen, config)
    if blocker is not None:
        return Decision(_describe(seen, status, DatasetPhase.PENDING, blocker.reason, blocker.message))
    if ledger.stage is Stage.PAUSED and ledger.not_before is not None:
        pause = (ledger.not_before - seen.now).total_seconds()
        return Decision(_describe_pause(seen, status, ledger), requeue_after_seconds=pause)
    job_name = attempts.name_job(history, ledger.next_number)
    status = status.model_copy(update={"attempts": attempts.open_attempt(ledger, job_name, None)})
    message = waiting.describe_created(job_name)
    return Decision(
        _describe(seen, status, DatasetPhase.PENDING, Reason.SCHEDULING, message),
        start=ledger.next_number,
        requeue_after_seconds=ends.SETTLE_SECONDS * 3,
    )


def _describe_pause(seen: DatasetView, status: DatasetStatus, ledger: Ledger) -> DatasetStatus:
    pause = verdicts.describe_pause(ledger)
    return status if pause is None else _describe(seen, status, DatasetPhase.PENDING, pause.reason, pause.message)


def _describe(
    seen: DatasetView, status: DatasetStatus, phase: DatasetPhase, reason: Reason, message: str
) -> DatasetStatus:
    return describe_dataset(status, phase, reason, message, seen.generation, seen.now)


def _live(seen: DatasetView) -> tuple[ObservedJob, ...]:
    return tuple(job for job in seen.jobs if job.live and not job.deleting)
