"""Which fields of the API server's objects are read, and their types; anything else of an object is passed over.

Owns these shapes and the validators made of them. Must not know what becomes of an object.
"""

from datetime import UTC, datetime
from typing import (
    Annotated,
    Any,
    Final,
    Required,  # pydantic takes no other before Python 3.12
)

from pydantic import AwareDatetime, Field, TypeAdapter
from typing_extensions import TypedDict

_MOST: Final = 100
"""Entries that a list of a pod may have: more are not of a pod that the operator asked for."""

Moment = Annotated[AwareDatetime, Field(ge=datetime(1970, 1, 1, tzinfo=UTC), lt=datetime(9000, 1, 1, tzinfo=UTC))]
"""A timestamp to which hours can be added."""
_Version = Annotated[str, Field(pattern=r"^[0-9]{1,20}$")]
_Name = Annotated[str, Field(min_length=1, max_length=253)]
_Position = Annotated[int, Field(ge=0, lt=2**31)]
_Int32 = Annotated[int, Field(ge=-(2**31), lt=2**31)]
_Map = Annotated[dict[str, str], Field(max_length=_MOST)]


class Reference(TypedDict, total=False):
    apiVersion: str
    kind: str
    name: _Name
    uid: _Name
    controller: bool | None


class Naming(TypedDict, total=False):
    namespace: Required[_Name]
    name: Required[_Name]
    uid: Required[_Name]
    resourceVersion: _Version | None


class _Notes(TypedDict, total=False):
    labels: dict[str, str] | None
    annotations: dict[str, str] | None


class Metadata(Naming, _Notes, total=False):
    generation: Annotated[int, Field(ge=0, lt=2**63)] | None
    creationTimestamp: Moment | None
    deletionTimestamp: Moment | None
    ownerReferences: list[Reference] | None


class Condition(TypedDict, total=False):
    """A condition, of whichever object."""

    type: Required[str]
    status: Required[str]
    reason: str | None
    message: str | None
    lastTransitionTime: Moment | None


_Conditions = Annotated[list[Condition], Field(max_length=_MOST)]


class _Resources(TypedDict, total=False):
    requests: _Map | None


class _Container(TypedDict, total=False):
    image: str | None
    resources: _Resources | None


class _SecretSource(TypedDict, total=False):
    name: _Name | None


class Source(TypedDict, total=False):
    secret: _SecretSource | None


class _ProjectedVolume(TypedDict, total=False):
    sources: list[Source] | None


class _ClaimVolume(TypedDict, total=False):
    claimName: _Name


class _Volume(TypedDict, total=False):
    name: _Name
    projected: _ProjectedVolume | None
    persistentVolumeClaim: _ClaimVolume | None


class _PodSpec(TypedDict, total=False):
    nodeName: _Name | None
    nodeSelector: _Map | None
    containers: Annotated[list[_Container], Field(max_length=_MOST)] | None
    volumes: Annotated[list[_Volume], Field(max_length=_MOST)] | None
    serviceAccountName: str | None
    priorityClassName: str | None
    schedulerName: str | None


class _Template(TypedDict, total=False):
    spec: _PodSpec | None


class _JobSpec(TypedDict, total=False):
    suspend: bool | None
    parallelism: _Position | None
    completionMode: str | None
    managedBy: str | None
    template: _Template | None


class _JobStatus(TypedDict, total=False):
    startTime: Moment | None
    failedIndexes: str | None
    conditions: _Conditions | None


class Manifest(TypedDict, total=False):
    metadata: Required[_Notes]
    spec: _JobSpec | None


class RawJob(TypedDict, total=False):
    metadata: Required[Metadata]
    spec: _JobSpec | None
    status: _JobStatus | None


class _Waiting(TypedDict, total=False):
    reason: str | None
    message: str | None


class _Running(TypedDict, total=False):
    startedAt: Moment | None


class _Terminated(TypedDict, total=False):
    exitCode: Required[_Int32]
    reason: str | None
    message: str | None
    startedAt: Moment | None
    finishedAt: Moment | None


class State(TypedDict, total=False):
    waiting: _Waiting | None
    running: _Running | None
    terminated: _Terminated | None


class _ContainerStatus(TypedDict, total=False):
    name: Required[str]
    state: State | None


class PodStatus(TypedDict, total=False):
    phase: str | None
    podIP: str | None
    reason: str | None
    message: str | None
    conditions: _Conditions | None
    containerStatuses: Annotated[list[_ContainerStatus], Field(max_length=_MOST)] | None


class _Placement(TypedDict, total=False):
    nodeName: _Name | None


class _RawPod(TypedDict, total=False):
    metadata: Required[Metadata]
    spec: _Placement | None
    status: PodStatus | None


class _WorkloadSpec(TypedDict, total=False):
    active: bool | None


class _WorkloadStatus(TypedDict, total=False):
    clusterName: str | None
    nominatedClusterNames: Annotated[list[str], Field(max_length=_MOST)] | None
    conditions: _Conditions | None


class _Labelled(Naming, _Notes, total=False):
    """Which object it is, and what others wrote on it."""


class RawWorkload(TypedDict, total=False):
    """Kueue's view of a Job."""

    metadata: Required[_Labelled]
    spec: _WorkloadSpec | None
    status: _WorkloadStatus | None


class _OwnedMetadata(TypedDict, total=False):
    ownerReferences: list[Reference] | None


class _PendingWorkload(TypedDict, total=False):
    metadata: Required[_OwnedMetadata]
    positionInLocalQueue: Required[_Position]
    positionInClusterQueue: Required[_Position]


class PendingWorkloads(TypedDict, total=False):
    """What waits in a queue."""

    items: list[_PendingWorkload] | None


class _RawOwner(TypedDict, total=False):
    metadata: Required[Metadata]
    spec: dict[str, Any] | None
    status: dict[str, Any] | None


class _Identity(TypedDict, total=False):
    """What is read of an object that is gone, or that a list of metadata names."""

    metadata: Required[Naming]


class _Series(TypedDict, total=False):
    lastObservedTime: Moment | None


class _Regarding(TypedDict, total=False):
    uid: Annotated[str, Field(max_length=253)] | None


class _RawEvent(TypedDict, total=False):
    metadata: Required[Metadata]
    regarding: _Regarding | None
    series: _Series | None
    deprecatedLastTimestamp: Moment | None
    eventTime: Moment | None
    reason: str | None
    note: str | None


EVENT: Final = TypeAdapter(_RawEvent)
JOB: Final = TypeAdapter(RawJob)
MANIFEST: Final = TypeAdapter(Manifest)
POD: Final = TypeAdapter(_RawPod)
OWNER: Final = TypeAdapter(_RawOwner)
IDENTITY: Final = TypeAdapter(_Identity)
WORKLOAD: Final = TypeAdapter(RawWorkload)
PENDING_WORKLOADS: Final = TypeAdapter(PendingWorkloads)
CONDITIONS: Final = TypeAdapter(_Conditions)
