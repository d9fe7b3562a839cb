"""The one interface to where resources live, and the form in which it gives them.

Owns the interface, its errors and the stored form. Must not do: any work.
"""

import pathlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal, Protocol

from darkroom_api.v1alpha1.dataset import DatasetSpec, DatasetStatus
from darkroom_api.v1alpha1.evaluation import EvaluationSpec, EvaluationStatus
from darkroom_api.v1alpha1.model import ModelSpec, ModelStatus
from darkroom_api.v1alpha1.prediction import PredictionSpec, PredictionStatus
from darkroom_storage.objects import NO_LIMIT_BYTES

if TYPE_CHECKING:
    from darkroom_server.backends.folder import ResultFolder

Kind = Literal["Dataset", "Model", "Evaluation", "Prediction"]
Spec = DatasetSpec | ModelSpec | EvaluationSpec | PredictionSpec
Status = DatasetStatus | ModelStatus | EvaluationStatus | PredictionStatus


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


class TooLarge(Refused):
    """A file is larger than the caller takes; nothing of it was read."""


class NotOpened(Refused):
    """The storage of a file does not open to this server: by its key or token, or by what was set up."""


class NotOffered(BackendProblem):
    """The server was not set up for this; the text names the setting."""


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
    """Keeps resources of every kind, and runs what they ask for. Safe to call from many tasks of one loop.

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

    async def read_image(self, namespace: str, uri: str, limit_bytes: int) -> bytes:
        """Return the bytes of an image of a bucket, for a caller of a namespace who may have it; raises NotThere."""

    async def fetch_artifacts(
        self, stored: Stored, files: Sequence[str], folder: pathlib.Path, limit_bytes: int = NO_LIMIT_BYTES
    ) -> None:
        """Copy these files of a finished run and its artifacts.json into `folder`; raises NotThere.

        They are checked against that list, and the list against the digest in the run's status, which has to name one;
        TooLarge where one is larger than `limit_bytes`.
        """

    def open_folder(self, stored: Stored) -> "ResultFolder":
        """Return the folder of a resource's results; raises NotThere where it has none."""

    def open_runs(self) -> "ResultFolder":
        """Return the server's own folder of product-recognition runs; raises NotOffered where it has none."""
