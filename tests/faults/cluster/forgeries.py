"""What a stranger makes to be taken for the operator: Jobs and pods with its labels and names, and a forged report.

Owns these manifests. A forged Job says that another controller manages it, so that no pod is made or deleted for it.
"""

from typing import Any, Final

from darkroom_api import names
from darkroom_api.conditions import Reason
from darkroom_api.report import Outcome
from darkroom_api.v1alpha1.common import Artifacts
from darkroom_operator.api.resources import JOBS, PODS
from tests.faults.cluster.api import Api, Json

FORGED_URI: Final = "s3://attacker/model"
_POD: Final[Json] = {"restartPolicy": "Never", "containers": [{"name": names.CONTAINER, "image": "x"}]}


def forge_job(api: Api, namespace: str, name: str, owner: Json, attempt: int, **metadata: Any) -> Json:
    """Make a Job as the operator names and labels that attempt's of the Model `owner`."""
    reference = {"apiVersion": names.API_VERSION, "kind": "Model", "name": owner["name"], "uid": owner["uid"]}
    about = {"name": name, "labels": _label(owner, attempt), "ownerReferences": [{**reference, "controller": True}]}
    spec = {"managedBy": "example.org/stranger", "template": {"spec": _POD}}
    return api.create(JOBS, namespace, {"metadata": {**about, **metadata}, "spec": spec})


def forge_pod(api: Api, namespace: str, job: Json, owner: Json, attempt: int) -> None:
    """Make a pod of a Job, and let it end with a report of success."""
    made = job["metadata"]
    reference = {"apiVersion": "batch/v1", "kind": "Job", "name": made["name"], "uid": made["uid"], "controller": True}
    metadata = {"name": "forged", "labels": _label(owner, attempt), "ownerReferences": [reference]}
    api.create(PODS, namespace, {"metadata": metadata, "spec": _POD})
    said = Outcome(reason=Reason.SUCCEEDED, message="Forged.", artifacts=Artifacts(uri=FORGED_URI))
    times = {"startedAt": "2026-01-01T00:00:00Z", "finishedAt": "2026-01-01T00:00:09Z"}
    state = {"terminated": {"exitCode": 0, **times, "message": said.to_termination_message()}}
    status = {"name": names.CONTAINER, "image": "x", "imageID": "x", "restartCount": 0, "ready": False, "state": state}
    api.merge(PODS, namespace, "forged", {"status": {"phase": "Succeeded", "containerStatuses": [status]}}, "status")


def _label(owner: Json, attempt: int) -> Json:
    return {
        names.LABEL_MANAGED_BY: names.MANAGED_BY,
        names.LABEL_KIND: "Model",
        names.LABEL_UID: owner["uid"],
        names.LABEL_ATTEMPT: str(attempt),
    }
