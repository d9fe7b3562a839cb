"""Jobs that wait for something that would not be asked for any more.

Owns the comparison of what a Job was built from with what would be built now. So a run whose container never started
goes on when its cause is mended in a spec or in the installation's values, instead of in the cluster. What admission
made of the Job is not compared, only what it was built as. A running attempt is never looked at.
"""

from typing import Final

from darkroom_api.conditions import Reason
from darkroom_operator.config import OperatorConfig
from darkroom_operator.facts.children import ObservedJob, read_asked
from darkroom_operator.kinds import Case
from darkroom_operator.manifests.job import build_job

_STUCK: Final = frozenset({Reason.INVALID_CONFIGURATION, Reason.UNSCHEDULABLE, Reason.WAITING_FOR_QUOTA})


def find_outdated(case: Case, config: OperatorConfig) -> tuple[ObservedJob, ...]:
    """Return the Job of an attempt that is stuck and would be built otherwise now, if there is one."""
    decision = case.decision
    if decision.start is not None or decision.status.reason not in _STUCK or case.find_blocker() is not None:
        return ()
    number = next((attempt.number for attempt in decision.status.attempts[-1:] if attempt.outcome is None), None)
    jobs = (job for job in case.seen.jobs if job.attempt == number and job.live and not job.deleting)
    job = next((job for job in jobs if job.asked.digest and job not in decision.stop), None)
    if job is None or read_asked(build_job(case.plan(job.attempt), config)).digest == job.asked.digest:
        return ()
    return (job,)
