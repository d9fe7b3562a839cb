"""The API resources that the operator touches: where they are served and which of them it watches.

Must not do: any I/O.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final

from darkroom_api import names

Json = dict[str, Any]
"""An object as the API server gives it."""


@dataclass(frozen=True)
class Resource:
    """An API resource. `selector` (by labels) and `fields` narrow every list and watch on the server's side."""

    group: str
    version: str
    plural: str
    kind: str
    selector: str | None = None
    fields: str | None = None

    @property
    def api_version(self) -> str:
        """Return what manifests say in `apiVersion`."""
        return f"{self.group}/{self.version}" if self.group else self.version

    def path(self, namespace: str | None, name: str | None = None, subresource: str | None = None) -> str:
        """Return the URL path; without a namespace it is the one of all namespaces."""
        root = f"/apis/{self.group}/{self.version}" if self.group else f"/api/{self.version}"
        parts = [root, *(("namespaces", namespace) if namespace else ()), self.plural]
        return "/".join([*parts, *(part for part in (name, subresource) if part)])


_OURS: Final = f"{names.LABEL_MANAGED_BY}={names.MANAGED_BY}"

DATASETS: Final = Resource(names.GROUP, names.VERSION, "datasets", "Dataset")
MODELS: Final = Resource(names.GROUP, names.VERSION, "models", "Model")
EVALUATIONS: Final = Resource(names.GROUP, names.VERSION, "evaluations", "Evaluation")
PREDICTIONS: Final = Resource(names.GROUP, names.VERSION, "predictions", "Prediction")
JOBS: Final = Resource("batch", "v1", "jobs", "Job", f"{_OURS},{names.LABEL_UID}")
PODS: Final = Resource("", "v1", "pods", "Pod", f"{_OURS},{names.LABEL_UID}")
LEASES: Final = Resource("coordination.k8s.io", "v1", "leases", "Lease")
NETWORK_POLICIES: Final = Resource("networking.k8s.io", "v1", "networkpolicies", "NetworkPolicy")
SERVICES: Final = Resource("", "v1", "services", "Service")
SECRETS: Final = Resource("", "v1", "secrets", "Secret")
ENDPOINT_SLICES: Final = Resource("discovery.k8s.io", "v1", "endpointslices", "EndpointSlice")
EVENTS: Final = Resource("events.k8s.io", "v1", "events", "Event")
WARNINGS: Final = Resource(EVENTS.group, EVENTS.version, EVENTS.plural, EVENTS.kind, fields="type=Warning")
"""All Warning Events: the API server serves here those that were posted by the older API (`core/v1`) as well."""

OWNERS: Final = (DATASETS, MODELS, EVALUATIONS, PREDICTIONS)
WATCHED: Final = (*OWNERS, JOBS, PODS)
"""Owners come first: who lists in this order never sees a status that names a Job which its Job list is too old for.

WARNINGS are watched too, but not audited: most of them are about objects that are not ours, and are not kept.
"""

OWNERS_BY_KIND: Final = {resource.kind: resource for resource in OWNERS}


@dataclass(frozen=True)
class Key:
    """Which object a reconcile is about."""

    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        """Return the form used in logs."""
        return f"{self.kind}/{self.namespace}/{self.name}"


Trigger = Callable[[Iterable[Key]], None]
"""Marks objects to be reconciled."""
