"""Which runs are forgotten: of those that have ended the oldest, by age and by number. Must not do: any I/O."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta

from darkroom_server.config import RunLimits
from darkroom_server.runs.record import RunRecord


def choose_forgotten(records: Iterable[RunRecord], limits: RunLimits, now: datetime) -> list[RunRecord]:
    """Return the runs that are kept no longer, by the limits of each namespace; what has not ended is no part of it."""
    oldest = now - timedelta(seconds=limits.kept_seconds)
    by_namespace: dict[str, list[RunRecord]] = defaultdict(list)
    for record in records:
        if record.has_ended:
            by_namespace[record.namespace].append(record)
    forgotten: list[RunRecord] = []
    for ended in by_namespace.values():
        ended.sort(key=lambda record: record.updated_at)
        surplus = len(ended) - limits.most_kept
        forgotten += [record for at, record in enumerate(ended) if at < surplus or record.updated_at < oldest]
    return forgotten
