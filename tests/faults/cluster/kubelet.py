"""The nodes, simulated: pods are placed, started and ended when a test says so, by the kubelet's own clock.

Owns what a kubelet writes. A pod that is deleted gets its SIGTERM at once and answers as a trainer does.
"""

import threading
from datetime import UTC, datetime, timedelta
from typing import Final

from darkroom_api import names
from darkroom_api.conditions import Reason
from darkroom_api.endings import ExitCode
from darkroom_api.report import Meter, Outcome
from darkroom_api.run_config import Command
from darkroom_api.v1alpha1.common import Artifacts, MeasuredOn, Performance
from darkroom_api.v1alpha1.dataset import DatasetSummary
from darkroom_api.v1alpha1.prediction import PredictionSummary
from darkroom_operator.api.resources import PODS
from tests.faults.cluster.api import Api, Json, Refusal

NODE: Final = "node-played"
RUN_SECONDS: Final = 20
"""How long every container runs by the kubelet's clock, whatever a test waited for in between."""
AHEAD_SECONDS: Final = 1
"""How far after its start, by this machine's clock, a container ends: the rest of its time lies before it."""
STOP_SECONDS: Final = 0.3
"""How long a trainer takes to write its checkpoint when it is asked to stop."""
KEPT_SECONDS: Final = 5.0
"""What a trainer that was stopped had put into its checkpoint."""
CHARGED_SECONDS: Final = 15.0
_COMMANDS: Final = {
    "Dataset": Command.INSPECT,
    "Model": Command.TRAIN,
    "Evaluation": Command.EVALUATE,
    "Prediction": Command.PREDICT,
}


class FakeKubelet:
    """Writes pod statuses."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._terminated: set[str] = set()
        self._started: dict[str, datetime] = {}
        """When each container that runs now was started, by pod uid."""

    def place(self, pod: Json) -> None:
        """Place a pod on a node."""
        namespace, name = pod["metadata"]["namespace"], pod["metadata"]["name"]
        binding = {
            "apiVersion": "v1",
            "kind": "Binding",
            "metadata": {"name": name},
            "target": {"apiVersion": "v1", "kind": "Node", "name": NODE},
        }
        self._api.call("POST", PODS.path(namespace, name, "binding"), binding)

    def start(self, pod: Json) -> None:
        """Start a placed pod's container."""
        started = datetime.now(UTC) - timedelta(seconds=RUN_SECONDS - AHEAD_SECONDS)
        self._started[pod["metadata"]["uid"]] = started
        self._write(pod, "Running", {"running": {"startedAt": _format(started)}})

    def end(self, pod: Json, outcome: Outcome, disruption: str | None = None) -> None:
        """End a pod's container with what its trainer reports, perhaps because the infrastructure wanted so."""
        started = self._started.pop(pod["metadata"]["uid"])
        code = outcome.exit_code
        ended = {
            "exitCode": int(code),
            "reason": "Completed" if code == ExitCode.SUCCEEDED else "Error",
            "startedAt": _format(started),
            "finishedAt": _format(started + timedelta(seconds=RUN_SECONDS)),
            "message": outcome.to_termination_message(),
        }
        phase = "Succeeded" if code == ExitCode.SUCCEEDED else "Failed"
        self._write(pod, phase, {"terminated": ended}, disruption)

    def take_note(self, pod: Json) -> None:
        """End a deleted pod as a kubelet would, once."""
        metadata = pod["metadata"]
        if "deletionTimestamp" not in metadata or metadata["uid"] in self._terminated:
            return
        self._terminated.add(metadata["uid"])
        timer = threading.Timer(STOP_SECONDS, self._terminate, (pod,))
        timer.daemon = True
        timer.start()

    def _terminate(self, pod: Json) -> None:
        metadata = pod["metadata"]
        try:
            if metadata["uid"] in self._started:
                self.end(pod, build_outcome(pod, Reason.RETRYING_AFTER_DISRUPTION))
            self._api.delete(PODS, metadata["namespace"], metadata["name"], grace_seconds=0)
        except Refusal as refusal:
            if refusal.status not in (404, 409):
                raise

    def _write(self, pod: Json, phase: str, state: Json, disruption: str | None = None) -> None:
        namespace, name = pod["metadata"]["namespace"], pod["metadata"]["name"]
        now = _format(datetime.now(UTC))
        conditions = [{"type": "PodScheduled", "status": "True", "lastTransitionTime": now}]
        if disruption is not None:
            why = {"reason": "EvictionByEvictionAPI", "message": disruption, "lastTransitionTime": now}
            conditions.append({"type": "DisruptionTarget", "status": "True", **why})
        image = {"name": names.CONTAINER, "image": "x", "imageID": "x", "restartCount": 0, "ready": False}
        status = {"phase": phase, "conditions": conditions, "containerStatuses": [{**image, "state": state}]}
        self._api.merge(PODS, namespace, name, {"status": status}, "status")


def build_outcome(pod: Json, reason: Reason) -> Outcome:
    """Return what a trainer in this pod reports when it ends for `reason`."""
    kind = pod["metadata"]["labels"][names.LABEL_KIND]
    done = reason is Reason.SUCCEEDED
    kept = dict.fromkeys((Reason.RETRYING_AFTER_DISRUPTION, Reason.CANCELLED), KEPT_SECONDS)
    charged = {Reason.SUCCEEDED: CHARGED_SECONDS, **kept}.get(reason, 0.0)
    performance = Performance(measured_on=MeasuredOn.HOLD_OUT, images=2, score=0.9, accuracy_top1=0.9)
    return Outcome(
        command=_COMMANDS[kind],
        reason=reason,
        message=f"Played: {reason.value}.",
        meter=Meter(charged_seconds=0.0 if kind != "Model" else charged),
        summary=DatasetSummary(images=10, annotations=10, revision="sha256:played") if kind == "Dataset" else None,
        prediction=PredictionSummary(images=10, objects=20) if done and kind == "Prediction" else None,
        performance=performance if done and kind in ("Model", "Evaluation") else None,
        artifacts=Artifacts(uri="s3://played/out") if done and kind != "Dataset" else None,
        dataset_revision="sha256:played" if done else None,
    )


def _format(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
