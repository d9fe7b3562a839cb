"""The Dataset and the Model of a copied project as manifests, with what the old model scored as a comment.

Pure. Must not do: I/O.
"""

import re
import unicodedata
from collections.abc import Iterable
from typing import Any, Final

import yaml

from darkroom_api.names import API_VERSION, BUCKET_SCHEMES
from darkroom_api.v1alpha1.common import AnnotationKind, Task
from darkroom_migrate.answers import Project, Scores, TagScores
from darkroom_migrate.training_api import OldModel

_TASKS: Final = {
    AnnotationKind.CLASSIFICATION: Task.CLASSIFIER,
    AnnotationKind.MULTILABEL: Task.MULTILABEL_CLASSIFIER,
    AnnotationKind.DETECTION: Task.DETECTOR,
}
_BUDGET: Final = "1h"
_MAX_NAME: Final = 50
_MAX_SAID: Final = 100


def build_dataset(project: Project, kind: AnnotationKind, root: str, storage_endpoint: str | None) -> bytes:
    """Return dataset.yaml; a local target is named relative to it, so that its folder may be moved."""
    annotations = f"{root}/train.json" if root.startswith(BUCKET_SCHEMES) else "file:train.json"
    spec: dict[str, Any] = {"annotationKind": kind.value, "annotationFiles": [annotations]}
    if storage_endpoint is not None:
        spec["storage"] = {"endpoint": storage_endpoint}
    lines = [f"The images of the Custom Vision project {_show(project.name)} ({project.id})."]
    if root.startswith(BUCKET_SCHEMES):
        lines.append("On a cluster, spec.storage.credentialsSecret names the Secret that opens the bucket.")
    return _build("Dataset", project, spec, lines)


def build_model(project: Project, kind: AnnotationKind, old: OldModel | None) -> bytes:
    """Return model.yaml."""
    spec = {"task": _TASKS[kind].value, "dataset": name_resource(project), "budget": _BUDGET}
    return _build("Model", project, spec, _describe_scores(old) if old else ["Nothing was trained in the project."])


def name_resource(project: Project) -> str:
    """Return the project's name as Kubernetes takes one, else a name from its id."""
    plain = unicodedata.normalize("NFKD", project.name).encode("ascii", "ignore").decode().lower()
    name = re.sub(r"[^a-z0-9]+", "-", plain)[:_MAX_NAME].strip("-")
    return name or f"project-{project.id[:8].lower().rstrip('-')}"


def _build(kind: str, project: Project, spec: dict[str, Any], comments: Iterable[str]) -> bytes:
    manifest = {"apiVersion": API_VERSION, "kind": kind, "metadata": {"name": name_resource(project)}, "spec": spec}
    text = yaml.safe_dump(manifest, sort_keys=False, allow_unicode=True, default_flow_style=False)
    return ("".join(f"# {line}\n" for line in comments) + text).encode()


def _describe_scores(old: OldModel) -> list[str]:
    trained_at = _show(old.iteration.trained_at or "", quoted=False)
    tags = old.scores.per_tag_performance or []
    return [
        f"What the iteration {_show(old.iteration.name)} of {trained_at} scored, on images of its own choice:",
        f"all tags: {_describe(old.scores)}",
        *(f"{_show(tag.name)}: {_describe(tag)}" for tag in tags),
    ]


def _describe(scores: Scores | TagScores) -> str:
    values = {
        "precision": scores.precision,
        "recall": scores.recall,
        "average precision": scores.average_precision,
    }
    return ", ".join(f"{name} {value:.3f}" for name, value in values.items() if value is not None) or "nothing"


def _show(text: str, *, quoted: bool = True) -> str:
    """Return a stranger's text for one line of a comment."""
    plain = "".join(char if char.isprintable() else " " for char in text)[:_MAX_SAID]
    return f'"{plain}"' if quoted else plain
