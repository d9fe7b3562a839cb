"""How an attempt ended: from exit code, termination message and pod conditions to one kind of end.

Owns the table of ends. What follows from an end (retry, failure) is decided in `attempts`.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from darkroom_api.conditions import Reason
from darkroom_api.report import EXIT_CODES, ExitCode, Outcome, parse_outcome
from darkroom_operator.decide import waiting
from darkroom_operator.facts.children import ObservedJob, ObservedPod
from darkroom_operator.facts.findings import NOTHING_FOUND, Findings

LOST_AFTER_SECONDS: Final = 60
"""A pod that should have ended this long ago and still says nothing is on a node that answers no more. A replacement
is safe: the trainer's storage refuses writes of an older attempt."""
SETTLE_SECONDS: Final = 10
"""How long a Job's end may be known before its pod's: they come through two watches."""
MAX_LOG_CHARACTERS: Final = 1200
_POD_FAILURES: Final = frozenset(
    {"Evicted", "Preempting", "NodeLost", "NodeShutdown", "Terminated", "Shutdown", "NodeAffinity",
     "UnexpectedAdmissionError", "OutOfcpu", "OutOfmemory", "OutOfpods", "OutOfephemeral-storage"}
)  # fmt: skip
"""Reasons by which the kubelet itself ends or refuses a pod (k8s pkg/kubelet: eviction, preemption, lifecycle)."""


class EndKind(StrEnum):
    """What an end means for what comes next."""

    FINISHED = "finished"
    STORAGE = "storage"
    DISRUPTED = "disrupted"
    CRASHED = "crashed"
    STOPPED = "stopped"
    OVERRAN = "overran"
    MEMORY = "memory"
    MISCONFIGURED = "misconfigured"
    """The run needs something that is not there or not allowed: no failure of it."""
    NOT_STARTED = "notStarted"


_KINDS: Final = {
    Reason.STORAGE_UNAVAILABLE: EndKind.STORAGE,
    Reason.RETRYING_AFTER_DISRUPTION: EndKind.DISRUPTED,
    Reason.UNKNOWN: EndKind.CRASHED,
    Reason.OUT_OF_MEMORY: EndKind.MEMORY,
    Reason.INVALID_CONFIGURATION: EndKind.MISCONFIGURED,
}
"""What a trainer's reason means; any other is a result."""


@dataclass(frozen=True)
class End:
    """The end of an attempt."""

    kind: EndKind
    reason: Reason
    message: str
    exit_code: int | None = None
    outcome: Outcome | None = None


@dataclass(frozen=True)
class Ending:
    """What is known of an attempt that may have ended."""

    pod: ObservedPod | None
    job: ObservedJob | None
    stop_requested: bool
    """Whether the user suspended or cancelled the run."""
    wall_limit_seconds: float | None
    now: datetime
    start_timeout_seconds: int = 0
    """How long it may wait for its container; 0 for ever."""
    found: Findings = NOTHING_FOUND


def classify_end(seen: Ending) -> End | None:
    """Return how the attempt ended, or None while it has not."""
    end = _classify(seen)
    if end is not None and end.kind is EndKind.DISRUPTED and is_set_aside(seen.pod, seen.job):
        return _classify_waiting(replace(seen, pod=None))
    return end or _classify_waiting(seen)


def is_set_aside(pod: ObservedPod | None, job: ObservedJob | None) -> bool:
    """Return whether the pod is over because a queue suspended its Job, which goes on with another pod.

    The Job controller does not count such a pod as failed. Any other end of a pod ends its Job within a second or two,
    so that a pod made in the very second in which the Job was resumed is at worst looked at once more.
    """
    if pod is None or job is None or not job.live or job.deleting:
        return False
    if job.suspended:
        return pod.over or pod.deleted_at is not None
    earlier = pod.created_at is not None and job.active_since is not None and pod.created_at < job.active_since
    return earlier and pod.over


def _classify(seen: Ending) -> End | None:
    pod = seen.pod
    if pod is not None and pod.exit_code is not None:
        return _classify_exit(pod, pod.exit_code, seen)
    if pod is not None and pod.phase == "Failed":
        return _classify_unstarted(pod, seen)
    if pod is not None and not pod.gone:
        return _classify_lost(pod, seen)
    return _classify_missing(seen)


def _classify_exit(pod: ObservedPod, code: int, seen: Ending) -> End:
    outcome = parse_outcome(pod.termination_message)
    if outcome is not None:
        return _classify_outcome(outcome, code, seen)
    if _overran(pod, seen):
        return _overrun(pod, seen, code)
    if seen.stop_requested:
        return End(EndKind.STOPPED, Reason.SUSPENDED, "The run was stopped.", code)
    disruption = _find_disruption(pod)
    if disruption is not None:
        return End(EndKind.DISRUPTED, Reason.RETRYING_AFTER_DISRUPTION, disruption, code)
    return _classify_code(pod, code)


def _classify_outcome(outcome: Outcome, code: int, seen: Ending) -> End:
    if seen.stop_requested and outcome.reason is Reason.RETRYING_AFTER_DISRUPTION:
        return End(EndKind.STOPPED, Reason.SUSPENDED, outcome.message, code, outcome)
    message = outcome.message
    if outcome.reason is Reason.RETRYING_AFTER_DISRUPTION and seen.pod is not None:
        # The trainer knows that it was stopped; the pod knows why.
        message = " ".join(as_sentence(said) for said in (_find_disruption(seen.pod), message) if said)
    return End(_KINDS.get(outcome.reason, EndKind.FINISHED), outcome.reason, message, code, outcome)


def _classify_code(pod: ObservedPod, code: int) -> End:
    said = _last_words(pod)
    if code == ExitCode.STOPPED:
        message = f"The trainer was asked to stop (exit code {code}){said}"
        return End(EndKind.DISRUPTED, Reason.RETRYING_AFTER_DISRUPTION, message, code)
    if code == ExitCode.TEMPORARY_FAILURE:
        return End(EndKind.STORAGE, Reason.STORAGE_UNAVAILABLE, f"The storage did not answer{said}", code)
    if pod.exit_reason == "OOMKilled" or code == ExitCode.OUT_OF_MEMORY:
        message = f"The trainer ran out of memory and was killed (exit code {code}){said}"
        return End(EndKind.MEMORY, Reason.OUT_OF_MEMORY, message, code)
    reason = next((reason for reason, known in EXIT_CODES.items() if known == code), Reason.UNKNOWN)
    if reason in (Reason.UNKNOWN, Reason.SUCCEEDED):
        return End(EndKind.CRASHED, Reason.UNKNOWN, _describe_crash(code, said), code)
    message = f"The trainer ended with exit code {code} and left no report{said}"
    return End(_KINDS.get(reason, EndKind.FINISHED), reason, message, code)


def _describe_crash(code: int, said: str) -> str:
    if code == 0:
        return f"The trainer ended with exit code 0 but left no report{said}"
    killed = " (killed)" if code == 137 else ""
    return f"The trainer crashed with exit code {code}{killed}{said}"


def _classify_unstarted(pod: ObservedPod, seen: Ending) -> End:
    """A pod that failed as a whole, without a container's exit code."""
    if seen.stop_requested:
        return End(EndKind.STOPPED, Reason.SUSPENDED, "The run was stopped.")
    if _overran(pod, seen):
        return _overrun(pod, seen, None)
    if pod.reason == "DeadlineExceeded" and seen.start_timeout_seconds:
        return _time_out(seen)
    why = _find_disruption(pod) or f"The pod failed before its container ended ({pod.reason or 'no reason given'})"
    return End(EndKind.DISRUPTED, Reason.RETRYING_AFTER_DISRUPTION, why)


def _classify_lost(pod: ObservedPod, seen: Ending) -> End | None:
    if pod.deleted_at is None or seen.now < pod.deleted_at + timedelta(seconds=LOST_AFTER_SECONDS):
        return None
    if seen.stop_requested:
        return End(EndKind.STOPPED, Reason.SUSPENDED, "The run was stopped; its node does not answer.")
    message = f"Node `{pod.node}` does not answer: its pod should have ended at {pod.deleted_at:%H:%M:%S}Z"
    return End(EndKind.DISRUPTED, Reason.RETRYING_AFTER_DISRUPTION, message)


def _classify_missing(seen: Ending) -> End | None:
    """No pod is there (any more), and none told how it ended."""
    job = seen.job
    if job is not None and (job.finished_at is None or _settling(job.finished_at, seen.now)):
        return None
    if seen.stop_requested:
        return End(EndKind.STOPPED, Reason.SUSPENDED, "The run was stopped.")
    what = f"The pod is gone; its Job says: {job.failure or 'complete'}" if job is not None else "The Job was deleted"
    return End(EndKind.DISRUPTED, Reason.RETRYING_AFTER_DISRUPTION, what)


def _classify_waiting(seen: Ending) -> End | None:
    """An attempt whose container never started is given up after a time, in which a queue's share does not count."""
    job, pod, limit = seen.job, seen.pod, seen.start_timeout_seconds
    if not limit or job is None or not job.live or job.deleting or job.suspended or seen.stop_requested:
        return None
    if pod is not None and (pod.gated or pod.started_at is not None):
        return None
    since = job.active_since or job.created_at
    return _time_out(seen) if since is not None and seen.now >= since + timedelta(seconds=limit) else None


def _time_out(seen: Ending) -> End:
    wait = waiting.describe_waiting(seen.job, seen.pod, seen.found)
    limit = f"the start timeout of {seen.start_timeout_seconds} s"
    message = f"No container started within {limit}; it waited for: {wait.reason}: {wait.message}"
    return End(EndKind.NOT_STARTED, Reason.START_TIMEOUT, message)


def _settling(finished_at: datetime, now: datetime) -> bool:
    return now < finished_at + timedelta(seconds=SETTLE_SECONDS)


def _find_disruption(pod: ObservedPod) -> str | None:
    where = f" on node `{pod.node}`" if pod.node else ""
    if pod.disruption is not None:
        return f"The infrastructure ended the pod{where}: {pod.disruption}"
    if pod.reason in _POD_FAILURES:
        return f"The infrastructure ended the pod{where}: {pod.reason}: {pod.message}"
    if pod.reason == "DeadlineExceeded" and pod.started_at is None:
        return f"The container did not start within the start timeout{where}"
    if pod.deleted_at is not None:
        return f"The pod was deleted{where}"
    return None


def _overran(pod: ObservedPod, seen: Ending) -> bool:
    if pod.started_at is None:
        return False
    if pod.reason == "DeadlineExceeded":
        return True
    over = pod.finished_at or seen.now
    limit = seen.wall_limit_seconds
    return limit is not None and (over - pod.started_at).total_seconds() > limit


def _overrun(pod: ObservedPod, seen: Ending, code: int | None) -> End:
    limit = f"{seen.wall_limit_seconds:.0f} s" if seen.wall_limit_seconds is not None else "its time"
    message = f"The trainer did not stop by itself within {limit} and was ended{_last_words(pod)}"
    return End(EndKind.OVERRAN, Reason.UNKNOWN, message, code)


def _last_words(pod: ObservedPod) -> str:
    text = pod.termination_message.strip()[-MAX_LOG_CHARACTERS:]
    return f". Last log lines:\n{text}" if text else "."


def describe_last(end: End, count: int) -> str:
    """Return the message of a run that ends with `end`, the last of `count` ends of that kind."""
    code = f" (exit code {end.exit_code})"
    told = end.kind is not EndKind.CRASHED or end.exit_code is None or f"exit code {end.exit_code}" in end.message
    again = f" It happened {count} times, and no attempt is left." if count > 1 else ""
    return as_sentence(end.message if told else end.message.rstrip(".") + code) + again


def as_sentence(text: str) -> str:
    """Return `text` so that another sentence can follow; log lines at its end are followed by a line of their own."""
    if "\n" in text:
        return f"{text}\n"
    return text if text.endswith((".", "!", "?")) else f"{text}."
