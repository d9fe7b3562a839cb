"""How an attempt ended: from exit code, termination message and pod conditions to one reason and its words.

What follows from that reason is in the contract's `endings`; whether another attempt may start is decided in `retries`.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from darkroom_api.conditions import Reason
from darkroom_api.endings import ENDINGS, Ending, ExitCode, Then, find_reason
from darkroom_api.report import Outcome
from darkroom_operator.decide.allocation import TimeLimit
from darkroom_operator.decide.waits import queueing, waiting
from darkroom_operator.facts.children import ObservedJob, ObservedPod
from darkroom_operator.facts.views import Observed

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


@dataclass(frozen=True)
class End:
    """The end of an attempt."""

    reason: Reason
    message: str
    exit_code: int | None = None
    outcome: Outcome | None = None
    overran: bool = False
    """Whether it worked past its time, which is never tried again."""

    @property
    def row(self) -> Ending:
        """Return what follows from it."""
        return ENDINGS[self.reason]

    @property
    def is_result(self) -> bool:
        """Return whether the trainer reported how the run ends."""
        return self.outcome is not None and self.row.then is Then.END


@dataclass(frozen=True)
class Trace:
    """What is left of an attempt to tell its end by: its Job, and its pods in the order in which they were made.

    Of an attempt on several nodes, the pods of index 0: the others only work for that one.
    """

    seen: Observed[Any, Any]
    job: ObservedJob | None
    pods: tuple[ObservedPod, ...]
    deadline_seconds: float
    """How long its container may work."""
    start_timeout_seconds: int = 0
    """How long it may wait for its container; 0 for ever."""
    stopping: bool = False
    """Whether its user suspended or cancelled the run."""
    time_limit: TimeLimit | None = None
    """What bounds a run without a budget."""

    @property
    def pod(self) -> ObservedPod | None:
        """Return its last pod."""
        return self.pods[-1] if self.pods else None


def classify_end(trace: Trace, outcome: Outcome | None) -> End | None:
    """Return how the attempt ended, or None while it has not; `outcome` is what its last pod reported."""
    elsewhere = queueing.explain_elsewhere(trace.job, trace.seen.found.queue)
    if elsewhere is not None:
        return End(Reason.INVALID_CONFIGURATION, elsewhere)
    end = _classify(trace, outcome)
    if end is not None and end.reason is Reason.RETRYING_AFTER_DISRUPTION and is_set_aside(trace.pod, trace.job):
        return _classify_waiting(replace(trace, pods=()))
    return end or _classify_waiting(trace)


def is_set_aside(pod: ObservedPod | None, job: ObservedJob | None) -> bool:
    """Return whether the pod is over because a queue suspended its Job, which continues with another pod.

    The Job controller does not count such a pod as failed. Any other end of a pod ends its Job within a second or two,
    so that a pod made in the very second in which the Job was resumed is at worst looked at once more.
    """
    if pod is None or job is None or not job.live or job.deleting:
        return False
    if job.suspended:
        return pod.over or pod.deleted_at is not None
    earlier = pod.created_at is not None and job.active_since is not None and pod.created_at < job.active_since
    return earlier and pod.over


def _classify(trace: Trace, outcome: Outcome | None) -> End | None:
    pod = trace.pod
    if pod is not None and pod.exit_code is not None:
        return _classify_exit(pod, pod.exit_code, outcome, trace)
    if pod is not None and pod.phase == "Failed":
        return _classify_unstarted(pod, trace)
    if pod is not None and not pod.gone:
        return _classify_lost(pod, trace)
    return _classify_missing(trace)


def _classify_exit(pod: ObservedPod, code: int, outcome: Outcome | None, trace: Trace) -> End:
    if outcome is not None:
        return _classify_outcome(outcome, code, trace)
    if _overran(pod, trace):
        return _overrun(pod, trace, code)
    if trace.stopping:
        return End(Reason.SUSPENDED, "The run was stopped.", code)
    disruption = _find_disruption(pod)
    if disruption is not None:
        return End(Reason.RETRYING_AFTER_DISRUPTION, disruption, code)
    return _classify_code(pod, code)


def _classify_outcome(outcome: Outcome, code: int, trace: Trace) -> End:
    if trace.stopping and outcome.reason is Reason.RETRYING_AFTER_DISRUPTION:
        return End(Reason.SUSPENDED, outcome.message, code, outcome)
    stopped = trace.time_limit is not None and outcome.reason is Reason.RETRYING_AFTER_DISRUPTION
    if stopped and trace.pod is not None and _overran(trace.pod, trace):
        return _overrun(trace.pod, trace, code)
    message = outcome.message
    if outcome.reason is Reason.RETRYING_AFTER_DISRUPTION and trace.pod is not None:
        # The trainer knows that it was stopped; the pod knows why.
        message = " ".join(as_sentence(said) for said in (_find_disruption(trace.pod), message) if said)
    return End(outcome.reason, message, code, outcome)


def _classify_code(pod: ObservedPod, code: int) -> End:
    said = _last_words(pod)
    if code == ExitCode.STOPPED:
        message = f"The trainer was asked to stop (exit code {code}){said}"
        return End(Reason.RETRYING_AFTER_DISRUPTION, message, code)
    if code == ExitCode.TEMPORARY_FAILURE:
        return End(Reason.STORAGE_UNAVAILABLE, f"The storage did not respond{said}", code)
    if pod.exit_reason == "OOMKilled" or code == ExitCode.OUT_OF_MEMORY:
        message = f"The trainer ran out of memory and was killed (exit code {code}){said}"
        return End(Reason.OUT_OF_MEMORY, message, code)
    reason = find_reason(code)
    if reason is None or reason is Reason.UNKNOWN:
        return End(Reason.UNKNOWN, _describe_crash(code, said), code)
    message = f"The trainer ended with exit code {code} and left no report{said}"
    return End(reason, message, code)


def _describe_crash(code: int, said: str) -> str:
    if code == 0:
        return f"The trainer ended with exit code 0 but left no report{said}"
    killed = " (killed)" if code == 137 else ""
    return f"The trainer crashed with exit code {code}{killed}{said}"


def _classify_unstarted(pod: ObservedPod, trace: Trace) -> End:
    """A pod that failed as a whole, without a container's exit code."""
    if trace.stopping:
        return End(Reason.SUSPENDED, "The run was stopped.")
    if _overran(pod, trace):
        return _overrun(pod, trace, None)
    if pod.reason == "DeadlineExceeded" and trace.start_timeout_seconds:
        return _time_out(trace)
    why = _find_disruption(pod) or f"The pod failed before its container ended ({pod.reason or 'no reason given'})"
    return End(Reason.RETRYING_AFTER_DISRUPTION, why)


def _classify_lost(pod: ObservedPod, trace: Trace) -> End | None:
    if pod.deleted_at is None or trace.seen.now < pod.deleted_at + timedelta(seconds=LOST_AFTER_SECONDS):
        return None
    if trace.stopping:
        return End(Reason.SUSPENDED, "The run was stopped; its node does not respond.")
    message = f"Node `{pod.node}` does not respond: its pod should have ended at {pod.deleted_at:%H:%M:%S}Z"
    return End(Reason.RETRYING_AFTER_DISRUPTION, message)


def _classify_missing(trace: Trace) -> End | None:
    """No pod is there (any more), and none shows how it ended."""
    job = trace.job
    if job is not None and not job.leader_failed and not _is_settled(job, trace.seen.now):
        return None
    if trace.stopping:
        return End(Reason.SUSPENDED, "The run was stopped.")
    what = "The Job was deleted"
    if job is not None:
        said = job.failure or ("complete" if job.finished_at is not None else "its index 0 has failed")
        what = f"The pod is gone; its Job reports: {said}"
    return End(Reason.RETRYING_AFTER_DISRUPTION, what)


def _classify_waiting(trace: Trace) -> End | None:
    """An attempt whose container never started is given up after a time, in which a queue's share does not count."""
    job, pod, limit = trace.job, trace.pod, trace.start_timeout_seconds
    if not limit or job is None or not job.live or job.deleting or job.suspended or trace.stopping:
        return None
    if pod is not None and (pod.gated or pod.started_at is not None):
        return None
    since = job.active_since or job.created_at
    return _time_out(trace) if since is not None and trace.seen.now >= since + timedelta(seconds=limit) else None


def _time_out(trace: Trace) -> End:
    wait = waiting.describe_waiting(trace.job, trace.pod, trace.seen.found)
    limit = f"the start timeout of {trace.start_timeout_seconds} s"
    message = f"No container started within {limit}; it waited for: {wait.reason}: {wait.message}"
    return End(Reason.START_TIMEOUT, message)


def _is_settled(job: ObservedJob, now: datetime) -> bool:
    return job.finished_at is not None and now >= job.finished_at + timedelta(seconds=SETTLE_SECONDS)


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


def _overran(pod: ObservedPod, trace: Trace) -> bool:
    if pod.started_at is None:
        return False
    if pod.reason == "DeadlineExceeded":
        return True
    over = pod.finished_at or trace.seen.now
    return (over - pod.started_at).total_seconds() > trace.deadline_seconds


def _overrun(pod: ObservedPod, trace: Trace, code: int | None) -> End:
    if trace.time_limit is not None:
        return End(Reason.NOT_ALLOWED, trace.time_limit.message, code, overran=True)
    limit = f"{trace.deadline_seconds:.0f} s"
    message = f"The trainer did not stop by itself within {limit} and was ended{_last_words(pod)}"
    return End(Reason.UNKNOWN, message, code, overran=True)


def _last_words(pod: ObservedPod) -> str:
    text = pod.termination_message.strip()[-MAX_LOG_CHARACTERS:]
    return f". Last log lines:\n{text}" if text else "."


def describe_last(end: End, count: int) -> str:
    """Return the message of a run that ends with `end`, the last of `count` ends of that kind."""
    code = f" (exit code {end.exit_code})"
    crashed = end.reason is Reason.UNKNOWN and not end.overran
    names_code = not crashed or end.exit_code is None or f"exit code {end.exit_code}" in end.message
    again = f" It happened {count} times, and no attempt is left." if count > 1 else ""
    return as_sentence(end.message if names_code else end.message.rstrip(".") + code) + again


def as_sentence(text: str) -> str:
    """Return `text` so that another sentence can follow; log lines at its end are followed by a line of their own."""
    if "\n" in text:
        return f"{text}\n"
    return text if text.endswith((".", "!", "?")) else f"{text}."
