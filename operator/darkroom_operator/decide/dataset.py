"""What to do about a Dataset: inspect each generation of it once, and keep what the last inspection found visible.

Pending -- Job created --> Pending -- container runs --> Inspecting --> Ready
   ^  (blocked: class,        ^                              |          Invalid
   |   Secret not allowed)    +---- pause after a bad end ---+
   +------------------------ the spec changed ------------------------------+

An inspection that cannot start, or lacks what its configuration names, waits for ever: it holds no device, and a
Dataset that is Invalid for it would end the Models that wait for the data.
"""

from dataclasses import replace
from datetime import datetime

from darkroom_api import results
from darkroom_api.blockers import Blocker
from darkroom_api.conditions import DatasetPhase, Reason
from darkroom_api.v1alpha1.dataset import DatasetStatus
from darkroom_operator.config import OperatorConfig
from darkroom_operator.decide import allocation, attempts, places, retries, steps
from darkroom_operator.decide.retries import Limits, Stage
from darkroom_operator.decide.steps import SOON_SECONDS, WAITING_SECONDS, Decision
from darkroom_operator.decide.waits import waiting
from darkroom_operator.facts.views import DatasetView


def decide_dataset(seen: DatasetView, config: OperatorConfig) -> Decision[DatasetStatus]:
    """Return the status of a Dataset and what to start or stop."""
    status = seen.status
    # 1. Leave alone what was inspected as it is now.
    done = status.phase in (DatasetPhase.READY, DatasetPhase.INVALID)
    if done and status.observed_generation == seen.generation:
        return steps.leave(seen, status)

    # 2. Learn how the inspections of this generation are; those of an older one are stopped.
    ledger = _assess(seen, config)
    seen = replace(seen, status=status.model_copy(update={"attempts": ledger.attempts}))
    outdated = attempts.find_live_strays(seen, ledger.attempts)

    # 3. The inspection is over, with a result or without another try; is followed; or is started.
    if ledger.stage is Stage.ENDED:
        decision = steps.leave(seen, _finish(seen, ledger, config))
    elif ledger.stage is Stage.OPEN:
        decision = _follow(seen, ledger, config)
    else:
        decision = _start(seen, ledger, config)
    superseded = attempts.find_superseded(seen.jobs, status.attempts, decision.status.attempts)
    named = config.find_queue(seen.key.namespace, seen.spec.queue)
    conditions = waiting.describe_queue(decision.status, named, seen)
    described = decision.status.model_copy(update={"conditions": conditions})
    return replace(decision, status=described, stop=tuple(dict.fromkeys((*outdated, *superseded, *decision.stop))))


def find_blocker(seen: DatasetView, config: OperatorConfig) -> Blocker | None:
    """Return what keeps an inspection from starting."""
    local = places.check_addresses(seen.spec, config)
    return local or places.check_storages((("storage", seen.spec.storage),), config)


def _assess(seen: DatasetView, config: OperatorConfig) -> attempts.Ledger:
    """Only attempts of the present generation count; numbers go on, since they name the Jobs."""
    recorded = seen.status.attempts
    taken = (*(job.attempt for job in seen.jobs), *(attempt.number for attempt in recorded))
    if seen.status.observed_generation != seen.generation:
        seen = replace(seen, status=seen.status.model_copy(update={"attempts": ()}))
    limit = allocation.limit_inspection(seen.key.namespace, config)
    deadline = allocation.bound_seconds(limit.seconds, config.grace_seconds)
    criteria = attempts.Criteria(Limits(config.retries, start_timeout_seconds=0), deadline, time_limit=limit)
    return attempts.assess_attempts(seen, criteria, taken)


def _finish(seen: DatasetView, ledger: attempts.Ledger, config: OperatorConfig) -> DatasetStatus:
    end = ledger.end
    if end is None:
        message = seen.status.message or "The last inspection ended without a recorded outcome."
        return _describe(seen, DatasetPhase.INVALID, Blocker(Reason.UNKNOWN, message))
    if end.is_result and end.outcome is not None:
        return results.finish_dataset(seen.status, end.outcome, seen.generation, seen.now)
    memory = config.inspection.memory
    defeat = retries.describe_defeat(ledger.attempts, end, "inspection.memory", memory)
    return _describe(seen, DatasetPhase.INVALID, defeat)


def _follow(seen: DatasetView, ledger: attempts.Ledger, config: OperatorConfig) -> Decision[DatasetStatus]:
    pod, job, work = ledger.pod, ledger.job, results.INSPECTING
    if pod is not None and pod.over:
        return Decision(seen.status, requeue_after_seconds=SOON_SECONDS)
    if pod is not None and pod.running:
        status, left = _describe(seen, work.phase, Blocker(work.reason, work.message)), ledger.find_time_left(seen.now)
        stop = attempts.find_live(seen.jobs) if left <= 0 else ()
        return Decision(status, stop=stop, requeue_after_seconds=max(left, SOON_SECONDS))
    wait = waiting.describe_waiting(job, pod, seen.found)
    outdated = wait.reason is Reason.IMAGE_PULL_FAILED and job is not None and job.image != config.trainer.image
    stop = attempts.find_live(seen.jobs) if outdated else ()
    return Decision(_describe(seen, DatasetPhase.PENDING, wait), stop=stop, requeue_after_seconds=WAITING_SECONDS)


def _start(seen: DatasetView, ledger: attempts.Ledger, config: OperatorConfig) -> Decision[DatasetStatus]:
    blocker = find_blocker(seen, config)
    if blocker is not None:
        phase = DatasetPhase.INVALID if blocker.final else DatasetPhase.PENDING
        return Decision(_describe(seen, phase, blocker))
    if ledger.stage is Stage.PAUSED and ledger.not_before is not None:
        return _pause(seen, ledger, ledger.not_before)
    opened = attempts.open_attempt(ledger, seen, None)
    seen = replace(seen, status=seen.status.model_copy(update={"attempts": opened}))
    created = Blocker(Reason.SCHEDULING, waiting.CREATED.format(opened[-1].job))
    status = _describe(seen, DatasetPhase.PENDING, created)
    return Decision(status, start=ledger.next_number, requeue_after_seconds=WAITING_SECONDS)


def _pause(seen: DatasetView, ledger: attempts.Ledger, not_before: datetime) -> Decision[DatasetStatus]:
    seconds = (not_before - seen.now).total_seconds()
    follows = retries.tell_next(ledger.attempts[-1], ledger.next_number, not_before)
    if ledger.end is None and (seen.status.message or "").endswith(follows):
        return Decision(seen.status, requeue_after_seconds=seconds)
    wait = retries.describe_pause(ledger.attempts[-1], ledger.end, follows)
    return Decision(_describe(seen, DatasetPhase.PENDING, wait), requeue_after_seconds=seconds)


def _describe(seen: DatasetView, phase: DatasetPhase, why: Blocker) -> DatasetStatus:
    return results.describe_dataset(seen.status, phase, why.reason, why.message, seen.generation, seen.now)
