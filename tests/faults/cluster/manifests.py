"""The resources of the fault tests, as small as the API server takes them."""

from datetime import UTC, datetime
from typing import Any, Final

Json = dict[str, Any]

STORAGE: Final = {"endpoint": "http://played.invalid:9000", "credentialsSecret": "darkroom-bucket"}


def build_dataset(name: str) -> Json:
    """Return a Dataset."""
    spec = {
        "annotationKind": "imageClassification",
        "annotationFiles": ["s3://played/train.json"],
        "storage": STORAGE,
    }
    return {"metadata": {"name": name}, "spec": spec}


def build_model(name: str, dataset: str = "ready", **spec: Any) -> Json:
    """Return a Model."""
    return {"metadata": {"name": name}, "spec": {"task": "classifier", "dataset": dataset, "budget": "10m", **spec}}


def build_evaluation(name: str) -> Json:
    """Return an Evaluation of the Model that has succeeded."""
    return {"metadata": {"name": name}, "spec": {"model": "succeeded", "dataset": "ready"}}


def build_prediction(name: str) -> Json:
    """Return a Prediction over a folder by the Model that has succeeded."""
    return {"metadata": {"name": name}, "spec": {"model": "succeeded", "images": {"uri": "s3://played/new"}}}


READY_DATASET: Final = build_dataset("ready")
SUCCEEDED_MODEL: Final = build_model("succeeded")


def build_ready_status() -> Json:
    """Return the status of a Dataset that was inspected."""
    return {
        "observedGeneration": 1,
        "phase": "Ready",
        "reason": "Ready",
        "message": "10 images.",
        "summary": {"images": 10, "annotations": 10, "categoryCount": 2, "revision": "sha256:played"},
        "conditions": [_build_condition("Ready")],
    }


def build_succeeded_status() -> Json:
    """Return the status of a Model that has trained."""
    return {
        "observedGeneration": 1,
        "phase": "Succeeded",
        "reason": "Succeeded",
        "message": "Done.",
        "artifacts": {"uri": "s3://played/darkroom/models/succeeded-12345678"},
        "datasetRevision": "sha256:played",
        "completedAt": _now(),
        "conditions": [_build_condition("Succeeded")],
    }


def _build_condition(kind: str) -> Json:
    ended = {"status": "True", "reason": kind, "message": "", "observedGeneration": 1, "lastTransitionTime": _now()}
    return {"type": kind, **ended}


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
