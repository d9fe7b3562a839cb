"""The one interface to where resources live, and the form in which it gives them.

Owns the interface, its errors and the stored form. Must not do: any work.
"""

import pathlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Protocol

from darkroom_api.v1alpha1.dataset import DatasetSpec, DatasetStatus
from darkroom_api.v1alpha1.evaluation import EvaluationSpec, EvaluationStatus
from darkroom_api.v1alpha1.model import ModelSpec, ModelStatus

Kind = Literal["Dataset", "Model", "Evaluation"]
Spec = DatasetSpec | ModelSpec | EvaluationSpec
Status = DatasetStatus | ModelStatus | EvaluationStatus


class BackendProblem(Exception):
    """What a back end could not do; the text says what and why, and shows no secret."""


class AlreadyThere(BackendProblem):
    """A resource of this kind and name exists."""


class NotThere(BackendProblem):
    """There is no such resource."""


class Changed(BackendProblem):
    """The resource is no longer of the version that the caller has seen."""


class Refused(BackendProblem):
    """Whoever keeps the resources refuses this one: its content, or the caller's right."""


class Unavailable(BackendProblem):
    """Whoever keeps the resources does not answer now."""


@dataclass(frozen=True)
class Stored:
    """A resource as a Kubernetes API server gives it."""

    kind: Kind
    namespace: str
    name: str
    uid: str
    version: str
    """Changes with every change of the spec or the annotations, and perhaps more often."""
    created_at: datetime
    spec: Spec
    status: Status
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)


class Backend(Protocol):
    """Keeps Datasets, Models and Evaluations, and runs what they ask for. Safe to call from many tasks of one loop.

    Every call may raise Unavailable or Refused. `manifest` and `change` are JSON as `kubectl` would send it: a whole
    resource, or a merge patch of one.
    """

    async def find(self, kind: Kind, namespace: str, name: str) -> Stored | None:
        """Return a resource, None where there is none."""

    async def list_all(self, kind: Kind, namespace: str) -> list[Stored]:
        """Return all resources of a kind in a namespace, in no order."""

    async def create(self, kind: Kind, namespace: str, manifest: Mapping[str, Any]) -> Stored:
        """Create a resource; raises AlreadyThere."""

    async def patch(
        self, kind: Kind, namespace: str, name: str, change: Mapping[str, Any], version: str | None = None
    ) -> Stored:
        """Merge `change` into a resource; raises NotThere, and Changed where it is not of `version`."""

    async def delete(self, kind: Kind, namespace: str, name: str, version: str | None = None) -> None:
        """Delete a resource; raises NotThere, and Changed where it is not of `version`."""

    async def keep_token(self, namespace: str, name: str, container_url: str) -> str:
        """Keep the address of a container with its token for the Dataset `name`; return its Secret's name.

        The Dataset that names the Secret must be written next: the Secret may be made with it, and goes with it.
        """

    async def fetch_artifacts(self, model: Stored, files: Sequence[str], folder: pathlib.Path) -> None:
        """Copy these files of a finished Model and its artifacts.json into `folder`; raises NotThere.

        They are checked against that list, and the list against the Model's digest.
        """
