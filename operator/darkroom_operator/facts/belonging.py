"""Which Jobs and pods an attempt may be judged by: labels, names and owner references are anybody's to write.

Owns these rules. The Job of an attempt is the very one that the operator created, whose uid is in the status; its pods
are those that this Job controls. The store has looked before that it is in its owner's namespace, controlled by it and
named as the operator would name it. Only where an operator died between the two writes is the uid unknown: then a Job
is taken over that is what would be built now, by its digests. Must not read or decide anything.
"""

from collections.abc import Iterable

from darkroom_api.v1alpha1.common import Attempt
from darkroom_operator.facts.children import Asked, ObservedJob, ObservedPod


def find_open(attempts: tuple[Attempt, ...]) -> Attempt | None:
    """Return the attempt that is waiting, working or stopping."""
    return attempts[-1] if attempts and attempts[-1].outcome is None else None


def is_job_of(job: ObservedJob, attempt: Attempt) -> bool:
    """Return whether a Job of the owner is this attempt's; an earlier version recorded no more than its name."""
    return job.name == attempt.job if attempt.job_uid is None else job.uid == attempt.job_uid


def find_job(jobs: Iterable[ObservedJob], attempt: Attempt) -> ObservedJob | None:
    """Return an attempt's Job."""
    return next((job for job in jobs if is_job_of(job, attempt)), None)


def find_pods(pods: Iterable[ObservedPod], attempt: Attempt, job: ObservedJob | None) -> tuple[ObservedPod, ...]:
    """Return an attempt's pods; `job` is its Job, if that is still there."""
    uid = attempt.job_uid or (job.uid if job is not None else None)
    return tuple(pod for pod in pods if (pod.uid == attempt.pod_uid if uid is None else pod.job_uid == uid))


def find_strays(jobs: Iterable[ObservedJob], attempts: Iterable[Attempt]) -> tuple[ObservedJob, ...]:
    """Return the Jobs that no attempt knows of: made by an operator that died before it wrote so, or by somebody."""
    known = tuple(attempts)
    return tuple(job for job in jobs if not any(is_job_of(job, attempt) for attempt in known))


def is_built_as(job: ObservedJob, asked: Asked) -> bool:
    """Return whether a Job was built to ask for this; what admission made of it since is not compared."""
    built = (job.asked.config_digest, job.asked.digest)
    return all(built) and built == (asked.config_digest, asked.digest)
