"""The one case in which a Job counts that no status names: an operator died after it had created it.

Owns how such a Job is recognised: it is the one that would be created now. Any other Job stays a stray, which no
attempt is judged by, and whose number no attempt is given.
"""

from typing import Final

from darkroom_operator.config import OperatorConfig
from darkroom_operator.facts import belonging, reading
from darkroom_operator.facts.children import ObservedJob
from darkroom_operator.facts.views import StoredOwner
from darkroom_operator.kinds import Case, look
from darkroom_operator.observing import observe
from darkroom_operator.observing.store import Store

_OPENED: Final = ("attempts", "allocation", "budget", "observed_generation")
"""What a status says of an attempt that was opened."""


def consider(store: Store, owner: StoredOwner, polled: observe.Polled, config: OperatorConfig) -> Case:
    """Observe an object and decide, with the Job that its last operator left behind; raises InvalidSpecError."""
    case = look(store, owner, polled, config)
    unrecorded = _find_unrecorded(case)
    return case if unrecorded is None else _adopt(case, unrecorded)


def _find_unrecorded(case: Case) -> ObservedJob | None:
    """Return the Job that may be the next attempt's: it came after all that are known."""
    last = max(case.seen.jobs, key=lambda job: job.attempt, default=None)
    known = case.seen.status.attempts
    if last is None or any(attempt.number >= last.attempt or belonging.is_job_of(last, attempt) for attempt in known):
        return None
    return last


def _adopt(case: Case, unrecorded: ObservedJob) -> Case:
    """Return what is decided with that Job as the open attempt's, where it is what would be created without it."""
    fresh = case.look_again(jobs=tuple(job for job in case.seen.jobs if job is not unrecorded))
    if fresh.decision.start != unrecorded.attempt:
        return case
    if not belonging.is_built_as(unrecorded, reading.read_asked(fresh.build_job())):
        return case
    decided = fresh.record_job(unrecorded.uid).decision.status
    opened = {field: getattr(decided, field) for field in _OPENED if field in type(decided).model_fields}
    return case.look_again(status=case.seen.status.model_copy(update=opened))
