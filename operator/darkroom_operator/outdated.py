"""Jobs that wait for something that would no longer be asked for.

Owns the comparison of what a Job was built from with what would be built now. So a run whose container never started
continues when its cause is fixed in a spec or in the installation's values, instead of in the cluster. What admission
made of the Job is not compared, only what it was built as. A running attempt is never compared.
"""

from darkroom_api.conditions import Reason
from darkroom_api.endings import ENDINGS
from darkroom_operator.facts import belonging
from darkroom_operator.facts.children import ObservedJob
from darkroom_operator.facts.reading import read_asked
from darkroom_operator.kinds import Case


def find_outdated(case: Case) -> tuple[ObservedJob, ...]:
    """Return the Job of an attempt that is stuck and would be built differently now, if there is one."""
    decision = case.decision
    reason: Reason | None = decision.status.reason
    if reason is None or not ENDINGS[reason].rebuilds or decision.start is not None or case.find_blocker() is not None:
        return ()
    attempt = belonging.find_open(decision.status.attempts)
    job = belonging.find_job(case.seen.jobs, attempt) if attempt is not None else None
    if job is None or not job.live or job.deleting or not job.asked.digest or job in decision.stop:
        return ()
    return () if read_asked(case.build_job()).digest == job.asked.digest else (job,)
