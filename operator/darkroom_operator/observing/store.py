"""What the watches have reported, in memory: every read of a reconcile is answered here, none by the API server.

Owns the indexes (by key, by owner, by child, by reference) and the guard against stale news: an object is only ever
replaced by a newer version of itself, so an answer to our own write is not undone by an older watch event that comes
after it, and an answer that comes after the news of a deletion brings nothing back. Must not do: any I/O, any decision.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from darkroom_api import names
from darkroom_operator.api.resources import JOBS, PODS, WARNINGS, Json, Key, Resource
from darkroom_operator.facts.children import (
    ObservedJob,
    ObservedPod,
    mark_gone,
    parse_job,
    parse_pod,
    read_version,
)
from darkroom_operator.observing.occupancy import Occupancy
from darkroom_operator.observing.warning_events import WarningEvents

MOST_GONE: Final = 10_000
"""So many deletions are remembered: more than answers can be on their way."""


@dataclass(frozen=True, slots=True)
class StoredOwner:
    """A Dataset, Model or Evaluation as the API server gave it."""

    key: Key
    uid: str
    resource_version: int
    generation: int
    created_at: str
    deleting: bool
    spec: Json
    status: Json
    parsed: dict[str, Any] = field(default_factory=dict, compare=False, repr=False)
    """Spec and status in the contract's classes, once they were read: this version of the object never changes."""


class Store:
    """The indexes. Every method that changes something returns the keys to reconcile because of it."""

    def __init__(self) -> None:
        self.warnings = WarningEvents()
        """What is wrong with Jobs and pods; changed by `put` and `remove` only."""
        self._owners: dict[Key, StoredOwner] = {}
        self._keys_by_uid: dict[str, Key] = {}
        self._dependents: dict[Key, set[Key]] = defaultdict(set)
        self._jobs: dict[str, dict[str, ObservedJob]] = defaultdict(dict)
        self._pods: dict[str, dict[str, ObservedPod]] = defaultdict(dict)
        self._owners_of_children: dict[str, str] = {}
        self._gone: dict[str, int] = {}
        self._occupancy = Occupancy()
        self._starting: set[Key] = set()

    def owner(self, key: Key) -> StoredOwner | None:
        """Return the stored object."""
        return self._owners.get(key)

    def owners(self) -> Iterable[StoredOwner]:
        """Return every stored Dataset, Model and Evaluation."""
        return self._owners.values()

    def jobs(self, owner_uid: str) -> tuple[ObservedJob, ...]:
        """Return an owner's Jobs."""
        return tuple(self._jobs.get(owner_uid, {}).values())

    def pods(self, owner_uid: str) -> tuple[ObservedPod, ...]:
        """Return an owner's pods, and those that are gone but not yet forgotten."""
        return tuple(self._pods.get(owner_uid, {}).values())

    def count_other_runs(self, key: Key) -> int:
        """Return how many other Models and Evaluations of the namespace have a Job that may work."""
        return self._occupancy.count_others(key)

    @contextmanager
    def starting(self, key: Key, starts: bool) -> Iterator[None]:
        """Count a run that `starts` as one with a Job, from the decision on and until that Job is stored or refused."""
        if not starts:
            yield
            return
        self._starting.add(key)
        self._recount(key)
        try:
            yield
        finally:
            self._starting.discard(key)
            self._recount(key)

    def running_pods(self) -> list[tuple[Key, ObservedPod]]:
        """Return every pod whose container works now, with its owner's key."""
        found = ((self._keys_by_uid.get(uid), pod) for uid, pods in self._pods.items() for pod in pods.values())
        return [(key, pod) for key, pod in found if key is not None and pod.running]

    def put(self, resource: Resource, raw: Json) -> set[Key]:
        """Take in an object, unless what is stored is as new, or news of its deletion are newer."""
        if resource is WARNINGS:
            return self._owner_of(self.warnings.put(raw))
        if read_version(raw) < self._gone.get(raw["metadata"]["uid"], 0):
            return set()
        if resource is JOBS:
            return set() if self._is_known(self._jobs, raw) else self._put_job(parse_job(raw))
        if resource is PODS:
            return set() if self._is_known(self._pods, raw) else self._put_child(self._pods, parse_pod(raw))
        return self._put_owner(resource, raw)

    def remove(self, resource: Resource, raw: Json) -> set[Key]:
        """Take in that an object is gone."""
        if resource is WARNINGS:
            return self._owner_of(self.warnings.remove(raw))
        self._remember_gone(raw)
        if resource is JOBS:
            return self._drop_job(parse_job(raw))
        if resource is PODS:
            return self._drop_pod(parse_pod(raw))
        return self._drop_owner(Key(resource.kind, raw["metadata"]["namespace"], raw["metadata"]["name"]), raw)

    def forget_pods(self, owner_uid: str, closed_attempts: set[int]) -> None:
        """Drop the gone pods whose ends a status holds by now."""
        pods = self._pods.get(owner_uid, {})
        for uid in [uid for uid, pod in pods.items() if pod.gone and pod.attempt in closed_attempts]:
            del pods[uid]
            self._forget_child(uid)
        if not pods:
            self._pods.pop(owner_uid, None)

    def versions(self, resource: Resource) -> dict[str, tuple[int, Json]]:
        """Return, by uid, the version that is stored and enough of the object to `remove` it."""
        if resource is JOBS:
            return _child_versions(self._jobs)
        if resource is PODS:
            return _child_versions(self._pods)
        mine = [owner for owner in self._owners.values() if owner.key.kind == resource.kind]
        return {o.uid: (o.resource_version, _stub(o.key.namespace, o.key.name, o.uid)) for o in mine}

    def _remember_gone(self, raw: Json) -> None:
        """Keep the deletion's version: an object that left a watch with its labels may come back."""
        self._gone[raw["metadata"]["uid"]] = read_version(raw)
        if len(self._gone) > MOST_GONE:
            del self._gone[next(iter(self._gone))]

    def _put_owner(self, resource: Resource, raw: Json) -> set[Key]:
        owner = _parse_owner(resource, raw)
        old = self._owners.get(owner.key)
        if old is not None and old.resource_version >= owner.resource_version:
            return set()
        if old is not None and old.uid != owner.uid:
            self._forget_uid(old.uid)
        self._owners[owner.key] = owner
        self._keys_by_uid[owner.uid] = owner.key
        for reference in _references(owner):
            self._dependents[reference].add(owner.key)
        self._occupancy.take_in(owner.key, owner.created_at, owner.status)
        return {owner.key, *self._dependents.get(owner.key, ()), *self._recount(owner.key)}

    def _drop_owner(self, key: Key, raw: Json) -> set[Key]:
        old = self._owners.get(key)
        if old is None or old.uid != raw["metadata"]["uid"]:
            return set()
        del self._owners[key]
        self._forget_uid(old.uid)
        for reference in _references(old):
            self._dependents[reference].discard(key)
            if not self._dependents[reference]:
                del self._dependents[reference]
        self._occupancy.forget_waiting(key)
        return {*self._dependents.get(key, ()), *self._recount(key)}

    def _recount(self, key: Key) -> set[Key]:
        """Take note of whether a run has a Job; return whom to wake because it has one no more."""
        owner = self._owners.get(key)
        jobs = self._jobs.get(owner.uid, {}) if owner is not None else {}
        woken = self._occupancy.hold(key, key in self._starting or any(job.live for job in jobs.values()))
        return {woken} if woken is not None else set()

    def _forget_uid(self, uid: str) -> None:
        for child in (*self._jobs.get(uid, ()), *self._pods.get(uid, ())):
            self._forget_child(child)
        for index in (self._keys_by_uid, self._jobs, self._pods):
            index.pop(uid, None)

    def _is_known(self, index: dict[str, dict[str, Any]], raw: Json) -> bool:
        """Return whether a Job or pod is stored in this version or a newer one: the news of our own write come late."""
        uid = raw["metadata"]["uid"]
        old = index.get(self._owners_of_children.get(uid, ""), {}).get(uid)
        return old is not None and bool(old.resource_version >= read_version(raw))

    def _put_job(self, job: ObservedJob) -> set[Key]:
        owner = self._put_child(self._jobs, job)
        return owner.union(*(self._recount(key) for key in owner))

    def _put_child(self, index: dict[str, dict[str, Any]], child: ObservedJob | ObservedPod) -> set[Key]:
        index[child.owner_uid][child.uid] = child
        self._owners_of_children[child.uid] = child.owner_uid
        self.warnings.expect(child.uid)
        return self._owner_of(child.uid)

    def _forget_child(self, uid: str) -> None:
        self._owners_of_children.pop(uid, None)
        self.warnings.forget(uid)

    def _drop_pod(self, pod: ObservedPod) -> set[Key]:
        """Keep what was last known of a pod, since its end may not be in a status yet."""
        mine = self._pods[pod.owner_uid]
        last = mine.get(pod.uid, pod) if pod.exit_code is None else pod
        mine[pod.uid] = mark_gone(last)
        self._owners_of_children[pod.uid] = pod.owner_uid
        self.warnings.forget(pod.uid)
        owner = self._find_key(pod.owner_uid)
        if not owner:
            self.forget_pods(pod.owner_uid, {pod.attempt})
        return owner

    def _drop_job(self, job: ObservedJob) -> set[Key]:
        jobs = self._jobs.get(job.owner_uid, {})
        if jobs.pop(job.uid, None) is None:
            return set()
        if not jobs:
            del self._jobs[job.owner_uid]
        self._forget_child(job.uid)
        owner = self._find_key(job.owner_uid)
        return owner.union(*(self._recount(key) for key in owner))

    def _owner_of(self, child_uid: str | None) -> set[Key]:
        return self._find_key(self._owners_of_children.get(child_uid or ""))

    def _find_key(self, owner_uid: str | None) -> set[Key]:
        key = self._keys_by_uid.get(owner_uid or "")
        return {key} if key is not None else set()


def _parse_owner(resource: Resource, raw: Json) -> StoredOwner:
    metadata = raw["metadata"]
    return StoredOwner(
        key=Key(resource.kind, metadata["namespace"], metadata["name"]),
        uid=metadata["uid"],
        resource_version=read_version(raw),
        generation=metadata.get("generation", 1),
        created_at=metadata.get("creationTimestamp", ""),
        deleting="deletionTimestamp" in metadata,
        spec=raw.get("spec", {}),
        status=raw.get("status", {}),
    )


def _references(owner: StoredOwner) -> set[Key]:
    """Return the objects that this one names, in its own namespace."""
    fields = {"dataset": "Dataset", "evaluationDataset": "Dataset", "model": "Model"}
    namespace = owner.key.namespace
    named = ((kind, owner.spec.get(field)) for field, kind in fields.items())
    return {Key(kind, namespace, name) for kind, name in named if isinstance(name, str)}


def _child_versions(index: dict[str, dict[str, Any]]) -> dict[str, tuple[int, Json]]:
    children = [child for mine in index.values() for child in mine.values() if not getattr(child, "gone", False)]
    return {c.uid: (c.resource_version, _child_stub(c)) for c in children}


def _child_stub(child: ObservedJob | ObservedPod) -> Json:
    stub = _stub(child.namespace, child.name, child.uid)
    controller = child.owner_uid if isinstance(child, ObservedJob) else child.job_uid
    stub["metadata"] |= {
        "resourceVersion": str(child.resource_version),
        "labels": {names.LABEL_UID: child.owner_uid, names.LABEL_ATTEMPT: str(child.attempt)},
        "ownerReferences": [{"uid": controller, "controller": True}],
    }
    return stub


def _stub(namespace: str, name: str, uid: str) -> Json:
    return {"metadata": {"namespace": namespace, "name": name, "uid": uid}}
