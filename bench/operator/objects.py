"""What an operator writes for a Model, as text in which placeholders stand for the Model.

Owns both forms that the baseline writes: the smallest, and those of another operator. Must not write anything.
"""

import json
from dataclasses import dataclass
from typing import Any, Final

from darkroom_api import names
from darkroom_operator.api.cluster import KubernetesCluster
from darkroom_operator.api.resources import JOBS, MODELS

NAME: Final = "<name>"
UID: Final = "<uid>"
SET_BY_SERVER: Final = ("uid", "resourceVersion", "generation", "creationTimestamp", "managedFields")
LABELS_OF_SERVER: Final = ("controller-uid", "job-name")


@dataclass(frozen=True)
class Objects:
    """The JSON of a Job, and of a patch with a status."""

    job: str
    status: str

    def fill(self, name: str, uid: str) -> "Objects":
        """Return those of a Model."""
        return Objects(*(text.replace(NAME, name).replace(UID, uid) for text in (self.job, self.status)))


SMALLEST: Final = Objects(
    json.dumps(
        {
            "apiVersion": "batch/v1",
            "kind": "Job",
            "metadata": {
                "name": f"{NAME}-1",
                "ownerReferences": [{"apiVersion": names.API_VERSION, "kind": "Model", "name": NAME, "uid": UID}],
            },
            "spec": {
                "suspend": True,  # no node takes it
                "template": {
                    "spec": {
                        "restartPolicy": "Never",
                        "containers": [{"name": "trainer", "image": "bench.invalid/trainer:none"}],
                    }
                },
            },
        }
    ),
    json.dumps({"status": {"phase": "Queued", "reason": "Scheduling", "observedGeneration": 1}}),
)
"""As little as the API server takes."""


async def capture(cluster: KubernetesCluster, namespace: str, name: str) -> Objects:
    """Return what was written for a Model that has its Job and its status."""
    model = await cluster.get(MODELS, namespace, name)
    job = await cluster.get(JOBS, namespace, model["status"]["attempts"][0]["job"])
    texts = (json.dumps(one) for one in (_drop_set_by_server(job), {"status": model["status"]}))
    return Objects(*(text.replace(name, NAME).replace(model["metadata"]["uid"], UID) for text in texts))


def _drop_set_by_server(job: dict[str, Any]) -> dict[str, Any]:
    metadata = {field: value for field, value in job["metadata"].items() if field not in SET_BY_SERVER}
    spec = {field: value for field, value in job["spec"].items() if field not in ("selector", "manualSelector")}
    labels = spec["template"]["metadata"]["labels"]
    for label in [one for one in labels if one.rsplit("/", 1)[-1] in LABELS_OF_SERVER]:
        del labels[label]
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata, "spec": spec}
