"""Jobs that wait for something that would no longer be asked for.

Owns the comparison of what a Job was built from with what would be built now. So a run whose container never started
continues when its cause is fixed in a spec or in the installation's values, instead of in the cluster. What admission
made of the Job is not compared, only what it was built as. A running attempt is never compared.
"""

from darkroom_api.conditions import Reason
from darkroom_api.endings import ENDINGS
from darkroom_operator.facts.children import ObservedJob, read_asked
from darkroom_operator.kinds import Case


def find_outdated(case: Case) -> tuple[ObservedJob, ...]:
    """Return the Job of an attempt that is stuck and would be built differently now, if there is one."""
    decision = case.decision
    reason: Reason | None = decision.status.reason
    if reason is None or not ENDINGS[reason].rebuilds or decision.start is not None or case.find_blocker() is not None:
        return ()
    number = next((attempt.number for attempt in decision.status.attempts[-1:] if attempt.outcome is None), None)
    jobs = (job for job in case.seen.jobs if job.attempt == number and job.live and not job.deleting)
    job = next((job for job in jobs if job.asked.digest and job not in decision.stop), None)
    if job is None or read_asked(case.build_job()).digest == job.asked.digest:
        return ()
    return (job,)
