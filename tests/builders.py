"""Objects for tests, each valid as it is; what a test is about is given by keyword.

Owns defaults only. Moments are seconds after `START`.
"""

from datetime import UTC, datetime, timedelta
from typing import Any, Final

from darkroom_api import names, report
from darkroom_api.blockers import ObservedDataset, ObservedModel
from darkroom_api.conditions import DatasetPhase, Reason, RunPhase
from darkroom_api.v1alpha1.common import Artifacts, Attempt
from darkroom_api.v1alpha1.dataset import DatasetSpec, DatasetStatus
from darkroom_api.v1alpha1.evaluation import EvaluationSpec, EvaluationStatus
from darkroom_api.v1alpha1.model import ModelSpec, ModelStatus
from darkroom_operator.api.resources import Key
from darkroom_operator.config import OperatorConfig, parse_config
from darkroom_operator.facts.children import ObservedJob, ObservedPod
from darkroom_operator.facts.views import (
    DatasetView,
    EvaluationView,
    ModelView,
    Observed,
    Report,
)

START: Final = datetime(2026, 6, 1, 12, 0, 0, tzinfo=UTC)
UID: Final = "0a1b2c3d-0000-4000-8000-000000000001"
NAMESPACE: Final = "vision"
Json = dict[str, Any]


def at(seconds: float) -> datetime:
    """Return a moment."""
    return START + timedelta(seconds=seconds)


def stamp(seconds: float) -> str:
    """Return a moment as Kubernetes writes it."""
    return at(seconds).strftime("%Y-%m-%dT%H:%M:%SZ")


def a_config(**changes: Any) -> OperatorConfig:
    """Return a configuration with a `cpu` and a `gpu` class."""
    loaded = {
        "trainer": {"image": "example.org/trainer:1"},
        "allowedEndpoints": ["http://s3.example:9000"],
        "defaultComputeClass": "gpu",
        "computeClasses": {"gpu": {"resourceName": "nvidia.com/gpu", "maxDevices": 4}, "cpu": {"milliRate": 100}},
        **changes,
    }
    return parse_config(loaded, "test")


def a_dataset_spec(**changes: Any) -> DatasetSpec:
    """Return the spec of a classification Dataset in a bucket."""
    loaded = {
        "annotationKind": "imageClassification",
        "annotationFiles": ["s3://vision/fruit/train.json"],
        "storage": {"endpoint": "http://s3.example:9000", "credentialsSecret": "darkroom-bucket"},
        **changes,
    }
    return DatasetSpec.model_validate({key: value for key, value in loaded.items() if value is not None})


def a_model_spec(**changes: Any) -> ModelSpec:
    """Return the spec of a classifier with a budget of 10 minutes."""
    return ModelSpec.model_validate({"task": "classifier", "dataset": "fruit", "budget": "10m", **changes})


def an_evaluation_spec(**changes: Any) -> EvaluationSpec:
    """Return the spec of an Evaluation."""
    return EvaluationSpec.model_validate({"model": "fruit", "dataset": "fruit-june", **changes})


def an_observed_dataset(name: str = "fruit", **changes: Any) -> ObservedDataset:
    """Return a Ready Dataset that another resource names."""
    spec = changes.pop("spec", None) or a_dataset_spec()
    defaults: Json = {
        "phase": DatasetPhase.READY,
        "reason": Reason.READY,
        "message": "fine",
        "current": True,
        "revision": "sha256:r1",
    }
    return ObservedDataset(name=name, spec=spec, **{**defaults, **changes})


def an_observed_model(**changes: Any) -> ObservedModel:
    """Return a Succeeded Model that an Evaluation names."""
    defaults: Json = {
        "uid": "0a1b2c3d-0000-4000-8000-000000000009",
        "spec": a_model_spec(),
        "phase": RunPhase.SUCCEEDED,
        "reason": Reason.SUCCEEDED,
        "message": "done",
        "artifacts": Artifacts(uri="s3://vision/fruit/darkroom/models/fruit-12345678"),
    }
    return ObservedModel(name="fruit", **{**defaults, **changes})


def observed(kind: str, name: str, spec: Any, status: Any, **changes: Any) -> Observed[Any, Any]:
    """Return what is seen of one resource."""
    defaults: Json = {
        "uid": UID,
        "resource_version": 7,
        "generation": 1,
        "created_at": START,
        "jobs": (),
        "pods": (),
        "report": None,
        "now": at(60),
    }
    return Observed(key=Key(kind, NAMESPACE, name), spec=spec, status=status, **{**defaults, **changes})


def a_dataset_view(spec: DatasetSpec | None = None, status: DatasetStatus | None = None, **changes: Any) -> DatasetView:
    """Return what is seen of a Dataset."""
    return observed("Dataset", "fruit", spec or a_dataset_spec(), status or DatasetStatus(), **changes)


def a_model_status(*attempts: Attempt, **changes: Any) -> ModelStatus:
    """Return the status of a Model that was queued at the start, with these attempts."""
    return ModelStatus(attempts=attempts, queued_at=at(0), observed_generation=1, **changes)


def a_model_view(spec: ModelSpec | None = None, status: ModelStatus | None = None, **changes: Any) -> ModelView:
    """Return what is seen of a Model whose Dataset is Ready."""
    dataset = changes.pop("dataset", an_observed_dataset())
    other = changes.pop("evaluation_dataset", None)
    seen = observed("Model", "fruit", spec or a_model_spec(), status or ModelStatus(), **changes)
    return ModelView(self_=seen, dataset=dataset, evaluation_dataset=other)


def an_evaluation_view(
    spec: EvaluationSpec | None = None, status: EvaluationStatus | None = None, **changes: Any
) -> EvaluationView:
    """Return what is seen of an Evaluation whose Model succeeded and whose Dataset is Ready."""
    dataset = changes.pop("dataset", an_observed_dataset("fruit-june"))
    model = changes.pop("model", an_observed_model())
    model_dataset = changes.pop("model_dataset", an_observed_dataset())
    seen = observed("Evaluation", "june", spec or an_evaluation_spec(), status or EvaluationStatus(), **changes)
    return EvaluationView(self_=seen, model=model, model_dataset=model_dataset, dataset=dataset)


def a_job(attempt: int = 1, **changes: Any) -> ObservedJob:
    """Return a working Job."""
    defaults: Json = {
        "namespace": NAMESPACE,
        "name": names.child_name("fruit", UID, attempt),
        "uid": f"job-{attempt}",
        "resource_version": 10,
        "owner_uid": UID,
        "attempt": attempt,
        "image": "example.org/trainer:1",
        "secrets": (),
        "deleting": False,
        "suspended": False,
        "failure": None,
        "finished_at": None,
    }
    return ObservedJob(**{**defaults, **changes})


def a_pod(attempt: int = 1, **changes: Any) -> ObservedPod:
    """Return a pod on a node whose container is being created."""
    defaults: Json = {
        "namespace": NAMESPACE,
        "name": f"fruit-{attempt}-abcde",
        "uid": f"pod-{attempt}",
        "resource_version": 20,
        "owner_uid": UID,
        "job_uid": f"job-{attempt}",
        "attempt": attempt,
        "node": "node0",
        "ip": "10.0.0.7",
        "phase": "Pending",
        "reason": "",
        "message": "",
        "deleted_at": None,
        "unschedulable": None,
        "gated": False,
        "scheduled": True,
        "sandbox_ready": False,
        "disruption": None,
        "waiting_reason": "ContainerCreating",
        "waiting_message": "",
        "started_at": None,
        "finished_at": None,
        "exit_code": None,
        "exit_reason": "",
        "termination_message": "",
    }
    return ObservedPod(**{**defaults, **changes})


def a_running_pod(attempt: int = 1, started: float = 30, **changes: Any) -> ObservedPod:
    """Return a pod whose container works."""
    return a_pod(attempt, **{"phase": "Running", "started_at": at(started), "waiting_reason": "", **changes})


def an_ended_pod(
    exit_code: int,
    said: str | report.Outcome = "",
    attempt: int = 1,
    started: float = 30,
    finished: float = 50,
    **changes: Any,
) -> ObservedPod:
    """Return a pod whose container ended."""
    message = said.to_termination_message() if isinstance(said, report.Outcome) else said
    return a_running_pod(
        attempt,
        started,
        **{
            "phase": "Succeeded" if exit_code == 0 else "Failed",
            "exit_code": exit_code,
            "finished_at": at(finished),
            "termination_message": message,
            **changes,
        },
    )


def an_outcome(
    reason: Reason = Reason.SUCCEEDED, message: str = "Told by the trainer.", **changes: Any
) -> report.Outcome:
    """Return what a trainer reports at its end."""
    charged = changes.pop("charged", 15.0)
    meter = report.Meter(charged_seconds=charged)
    return report.Outcome(
        command=changes.pop("command", "train"), reason=reason, message=message, meter=meter, **changes
    )


def an_attempt(number: int = 1, outcome: Reason | None = None, **changes: Any) -> Attempt:
    """Return an attempt, open unless an outcome is given."""
    defaults: Json = {
        "number": number,
        "job": names.child_name("fruit", UID, number),
        "job_uid": f"job-{number}",
        "outcome": outcome.value if outcome else None,
        "finished_at": stamp(50) if outcome else None,
    }
    return Attempt(**{**defaults, **changes})


def a_report(percent: int = 40, charged: float = 12.0, polled: float = 45, pod_uid: str = "pod-1") -> Report:
    """Return a trainer's answer."""
    progress = report.Progress(percent=percent, stage="Training", meter=report.Meter(charged_seconds=charged))
    return Report(pod_uid, progress, at(polled))
