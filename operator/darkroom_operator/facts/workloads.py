"""From Kueue's objects to findings: LocalQueues, the Workloads that stand for Jobs, and what waits in a queue.

Owns what each field of them means here; their words are passed on as they are. Every function raises
`UnreadableObjectError` for what is of another form. Must not decide anything.
"""

from typing import Any, Final

from darkroom_operator.api import kueue
from darkroom_operator.api.resources import Json
from darkroom_operator.facts import shapes
from darkroom_operator.facts.findings import Position, WorkloadFinding
from darkroom_operator.facts.reading import join_words, read_conditions, read_shape

_NOTHING_SAID: Final[shapes.Condition] = {"type": "", "status": "Unknown"}


def read_inactivity(queue: Json) -> str:
    """Return why a LocalQueue admits nothing, in Kueue's words; empty where it does."""
    active = read_conditions("LocalQueue", queue).get("Active", _NOTHING_SAID)
    return join_words(active) if active["status"] == "False" else ""


def read_workload(raw: Any) -> WorkloadFinding:
    """Return what Kueue says of a Workload that is not admitted."""
    shape, conditions = read_shape(shapes.WORKLOAD, "Workload", raw), read_conditions("Workload", raw)
    spec, status = shape.get("spec") or {}, shape.get("status") or {}
    evicted = conditions.get("Evicted", _NOTHING_SAID)
    eviction = join_words(evicted) if evicted["status"] == "True" else ""
    cluster = status.get("clusterName")
    return WorkloadFinding(
        name=shape["metadata"]["name"],
        waiting="; ".join(_list_words(conditions, eviction)),
        deactivated=eviction if spec.get("active") is False else None,
        clusters=(cluster,) if cluster else tuple(status.get("nominatedClusterNames") or ()),
    )


def read_job_uid(raw: Any) -> str:
    """Return the uid of the Job that a Workload stands for, by its label; empty where it has none."""
    labels = read_shape(shapes.WORKLOAD, "Workload", raw)["metadata"].get("labels") or {}
    return labels.get(kueue.LABEL_JOB_UID, "")


def _list_words(conditions: dict[str, shapes.Condition], eviction: str) -> list[str]:
    words = [f"evicted, {eviction}"] if eviction else []
    reserved, admitted = conditions.get("QuotaReserved"), conditions.get("Admitted", _NOTHING_SAID)
    if reserved is not None and reserved["status"] == "True":
        words.append(join_words(admitted) if admitted["status"] == "False" else "its quota is reserved")
    elif reserved is not None:
        words.append(join_words(reserved))
    return words


def read_positions(summary: Any) -> dict[str, Position]:
    """Return where each Job stands, by its uid, from the summary of what waits in a queue."""
    shape = read_shape(shapes.PENDING_WORKLOADS, "PendingWorkloadsSummary", summary)
    return {
        owner.get("uid", ""): Position(waiting["positionInLocalQueue"] + 1, waiting["positionInClusterQueue"] + 1)
        for waiting in shape.get("items") or ()
        for owner in waiting["metadata"].get("ownerReferences") or ()
    }
