"""The part of Kueue's controllers: LocalQueues and their state, a Workload for a Job, admission.

Owns the writes that Kueue makes, with the rights that it has. Nothing else here resumes a Job.
"""

from typing import Final

from darkroom_operator.api.kueue import LABEL_JOB_UID
from darkroom_operator.api.resources import JOBS
from tests.faults.cluster.api import Api, Json
from tests.faults.kueue.crds import LOCAL_QUEUES, WORKLOADS

ACTIVE: Final = ("True", "Ready", "Can submit new workloads to localQueue")
STOPPED: Final = ("False", "Stopped", "LocalQueue is stopped")
_MOMENT: Final = "2026-01-01T00:00:00Z"


class Player:
    """Kueue's controllers in one namespace."""

    def __init__(self, api: Api, namespace: str) -> None:
        self._api, self._namespace = api, namespace

    def create_queue(self, name: str, active: tuple[str, str, str] = ACTIVE) -> None:
        """Make a LocalQueue."""
        spec = {"clusterQueue": "all", "stopPolicy": "None" if active == ACTIVE else "Hold"}
        self._api.create(LOCAL_QUEUES, self._namespace, {"metadata": {"name": name}, "spec": spec})
        self.set_active(name, active)

    def set_active(self, name: str, active: tuple[str, str, str] = ACTIVE) -> None:
        """Tell whether a LocalQueue admits anything."""
        status = {"status": {"conditions": [_build_condition("Active", active)]}}
        self._api.merge(LOCAL_QUEUES, self._namespace, name, status, "status")

    def hold(self, job: Json, queue: str, words: str) -> None:
        """Make the Workload of a Job, which waits."""
        reference = {"apiVersion": "batch/v1", "kind": "Job", "name": job["metadata"]["name"], "controller": True}
        container = {"name": "trainer", "image": "played.invalid/trainer:none"}
        pods = {"name": "main", "count": 1, "template": {"spec": {"containers": [container]}}}
        metadata = {
            "name": _name_workload(job),
            "labels": {LABEL_JOB_UID: job["metadata"]["uid"]},
            "ownerReferences": [{**reference, "uid": job["metadata"]["uid"]}],
        }
        spec = {"queueName": queue, "active": True, "podSets": [pods]}
        self._api.create(WORKLOADS, self._namespace, {"metadata": metadata, "spec": spec})
        self._tell(job, _build_condition("QuotaReserved", ("False", "Pending", words)))

    def deactivate(self, job: Json, cause: str, words: str) -> None:
        """Give up a Workload."""
        self._api.merge(WORKLOADS, self._namespace, _name_workload(job), {"spec": {"active": False}})
        self._tell(job, _build_condition("Evicted", ("True", cause, words)))

    def admit(self, job: Json) -> None:
        """Admit a Workload that is active, and resume its Job."""
        assert self._api.get(WORKLOADS, self._namespace, _name_workload(job))["spec"]["active"] is True
        admitted = ("True", "Admitted", "The workload is admitted")
        reserved = ("True", "QuotaReserved", "Quota reserved in ClusterQueue all")
        self._tell(job, _build_condition("QuotaReserved", reserved), _build_condition("Admitted", admitted))
        self._api.merge(JOBS, self._namespace, job["metadata"]["name"], {"spec": {"suspend": False}})

    def activate(self, job: Json) -> None:
        """Do what an administrator does about a Workload that Kueue has given up."""
        self._api.merge(WORKLOADS, self._namespace, _name_workload(job), {"spec": {"active": True}})

    def _tell(self, job: Json, *conditions: Json) -> None:
        status = {"status": {"conditions": list(conditions)}}
        self._api.merge(WORKLOADS, self._namespace, _name_workload(job), status, "status")


def _name_workload(job: Json) -> str:
    return f"job-{job['metadata']['name']}"


def _build_condition(kind: str, said: tuple[str, str, str]) -> Json:
    status, reason, message = said
    return {"type": kind, "status": status, "reason": reason, "message": message, "lastTransitionTime": _MOMENT}
