"""What the watches have reported, in memory: every read of a reconcile is answered here, none by the API server.

Owns the indexes (by key, by owner, by child, by reference) and the guard against stale news: an object is only ever
replaced by a newer version of itself, so an answer to our own write is not undone by an older watch event that comes
after it, and an answer that comes after the news of a deletion brings nothing back. An object that cannot be read is
passed over; what was read of it before stays. Must not do: any I/O, any decision.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Any, Final

from darkroom_operator.api.resources import JOBS, PODS, WARNINGS, Json, Key, Resource
from darkroom_operator.facts.children import ObservedJob, ObservedPod, mark_gone
from darkroom_operator.facts.reading import (
    Identity,
    UnreadableObjectError,
    parse_job,
    parse_owner,
    parse_pod,
    read_identity,
)
from darkroom_operator.facts.views import StoredOwner
from darkroom_operator.observing.occupancy import Occupancy
from darkroom_operator.observing.unreadable import Unreadables
from darkroom_operator.observing.warning_events import WarningEvents

MOST_GONE: Final = 10_000
"""So many deletions are remembered: more than answers can be on their way."""


class Store:
    """The indexes. Every method that changes something returns the keys to reconcile because of it."""

    def __init__(self) -> None:
        self.warnings = WarningEvents()
        """What is wrong with Jobs and pods; changed by `put` and `remove` only."""
        self.unreadables = Unreadables()
        """The objects that are passed over; changed by `put` and `remove` only."""
        self._owners: dict[Key, StoredOwner] = {}
        self._keys_by_uid: dict[str, Key] = {}
        self._dependents: dict[Key, set[Key]] = defaultdict(set)
        self._jobs: dict[str, dict[str, ObservedJob]] = defaultdict(dict)
        self._pods: dict[str, dict[str, ObservedPod]] = defaultdict(dict)
        self._owners_of_children: dict[str, str] = {}
        self._gone: dict[str, int] = {}
        self._occupancy = Occupancy()
        self._starting: set[Key] = set()
        self._writing: set[Key] = set()

    def owner(self, key: Key) -> StoredOwner | None:
        """Return the stored object; None where its newest version cannot be read."""
        owner = self._owners.get(key)
        return None if owner is None or owner.uid in self.unreadables else owner

    def owners(self) -> Collection[StoredOwner]:
        """Return every stored resource."""
        return self._owners.values()

    def find_unsettled(self) -> list[Key]:
        """Return the resources about which there may be something to do: all but runs that are over and childless."""
        children = self._jobs.keys() | self._pods.keys()
        return [owner.key for owner in self._owners.values() if not owner.over or owner.uid in children]

    def jobs(self, owner: StoredOwner) -> tuple[ObservedJob, ...]:
        """Return the Jobs in an owner's namespace that it controls, each named as the operator names that attempt's."""
        return tuple(job for job in self._jobs.get(owner.uid, {}).values() if job.owner == owner.key)

    def pods(self, owner: StoredOwner) -> tuple[ObservedPod, ...]:
        """Return the pods in an owner's namespace that claim to be its own, and such that are gone but not forgotten.

        Anybody may make such a claim: `belonging` says which of them count.
        """
        mine = self._pods.get(owner.uid, {}).values()
        return tuple(pod for pod in mine if pod.namespace == owner.key.namespace)

    def count_other_runs(self, key: Key) -> int:
        """Return how many other runs of the namespace have a Job that may work."""
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

    @contextmanager
    def writing(self, key: Key) -> Iterator[None]:
        """Take note that an object is written, from before the request and on and until its answer is stored."""
        self._writing.add(key)
        try:
            yield
        finally:
            self._writing.discard(key)

    def is_written(self, resource: Resource, raw: Json) -> bool:
        """Return whether an object is being written now, so that its news may be the echo."""
        try:
            identity = read_identity(resource.kind, raw)
        except UnreadableObjectError:
            return False
        return Key(resource.kind, identity.namespace, identity.name) in self._writing

    def put(self, resource: Resource, raw: Json) -> set[Key]:
        """Take in an object, unless what is stored is as new, or news of its deletion are newer."""
        identity = None
        try:
            identity = read_identity(resource.kind, raw)
            if self.unreadables.knows(resource, identity):
                return set()
            changed = self._put(resource, identity, raw)
        except UnreadableObjectError as error:
            self.unreadables.note(resource, identity, error)
            return set()
        self.unreadables.forget(resource, identity.uid)
        return changed

    def remove(self, resource: Resource, raw: Json) -> set[Key]:
        """Take in that an object is gone; what could be read of it last stands for a pod that cannot be read now."""
        identity = None
        try:
            identity = read_identity(resource.kind, raw)
            self.unreadables.forget(resource, identity.uid)
            return self._remove(resource, identity, raw)
        except UnreadableObjectError as error:
            self.unreadables.note(resource, None, error)
            return self.drop(resource, identity) if identity is not None else set()

    def drop(self, resource: Resource, identity: Identity) -> set[Key]:
        """Take in that an object is gone, of whose end nothing is known."""
        self.unreadables.forget(resource, identity.uid)
        self._remember_gone(identity)
        if resource is JOBS:
            return self._drop_job(identity.uid)
        if resource is PODS:
            return self._drop_pod(identity.uid)
        return self._drop_owner(Key(resource.kind, identity.namespace, identity.name), identity.uid)

    def _put(self, resource: Resource, identity: Identity, raw: Json) -> set[Key]:
        if resource is WARNINGS:
            return self._owner_of(self.warnings.put(raw))
        if identity.resource_version < self._gone.get(identity.uid, 0):
            return set()
        if self._is_stored(resource, identity):
            return set()
        if resource is JOBS:
            return self._put_job(parse_job(raw))
        if resource is PODS:
            return self._put_child(self._pods, parse_pod(raw))
        return self._put_owner(parse_owner(resource.kind, raw))

    def _remove(self, resource: Resource, identity: Identity, raw: Json) -> set[Key]:
        if resource is WARNINGS:
            return self._owner_of(self.warnings.remove(raw))
        if resource is PODS:
            last = parse_pod(raw)
            if last.exit_code is not None or last.uid not in self._owners_of_children:
                self._put_child(self._pods, last)
        return self.drop(resource, identity)

    def forget_pods(self, owner_uid: str, open_children: set[str]) -> None:
        """Drop the gone pods whose ends a status holds by now: all but those of the Jobs (or pods) that are open."""
        pods = self._pods.get(owner_uid, {})
        for pod in [pod for pod in pods.values() if pod.gone and not open_children & {pod.job_uid, pod.uid}]:
            del pods[pod.uid]
            self._forget_child(pod)
        if not pods:
            self._pods.pop(owner_uid, None)

    def identities(self, resource: Resource) -> dict[str, Identity]:
        """Return, by uid, what an audit compares: every object that is stored or passed over."""
        if resource in (JOBS, PODS):
            index: dict[str, dict[str, Any]] = self._jobs if resource is JOBS else self._pods
            children = (child for mine in index.values() for child in mine.values())
            known = {c.uid: _identify_child(c) for c in children if not getattr(c, "gone", False)}
        else:
            known = {o.uid: _identify_owner(o) for o in self._owners.values() if o.key.kind == resource.kind}
        return known | {identity.uid: identity for identity in self.unreadables.identities(resource)}

    def _remember_gone(self, identity: Identity) -> None:
        """Keep the deletion's version: an object that left a watch with its labels may come back."""
        self._gone[identity.uid] = identity.resource_version
        if len(self._gone) > MOST_GONE:
            del self._gone[next(iter(self._gone))]

    def _put_owner(self, owner: StoredOwner) -> set[Key]:
        old = self._owners.get(owner.key)
        if old is not None and old.uid != owner.uid:
            self._forget_uid(old.uid)
        self._owners[owner.key] = owner
        self._keys_by_uid[owner.uid] = owner.key
        if not owner.over:
            for reference in _references(owner):
                self._dependents[reference].add(owner.key)
        elif old is not None:
            self._depend_no_more(old)
        self._occupancy.take_in(owner.key, owner.created_at, owner.reason)
        return {owner.key, *self._dependents.get(owner.key, ()), *self._recount(owner.key)}

    def _drop_owner(self, key: Key, uid: str) -> set[Key]:
        old = self._owners.get(key)
        if old is None or old.uid != uid:
            return set()
        del self._owners[key]
        self._forget_uid(old.uid)
        self._depend_no_more(old)
        self._occupancy.forget_waiting(key)
        return {*self._dependents.get(key, ()), *self._recount(key)}

    def _depend_no_more(self, owner: StoredOwner) -> None:
        """Wake one that is gone or over no longer when what it names changes."""
        for reference in _references(owner):
            dependents = self._dependents.get(reference, set())
            dependents.discard(owner.key)
            if not dependents:
                self._dependents.pop(reference, None)

    def _recount(self, key: Key) -> set[Key]:
        """Take note of whether a run has a Job; return whom to wake because it has one no more."""
        owner = self._owners.get(key)
        jobs = self.jobs(owner) if owner is not None else ()
        woken = self._occupancy.hold(key, key in self._starting or any(job.live for job in jobs))
        return {woken} if woken is not None else set()

    def _forget_uid(self, uid: str) -> None:
        """Children that are still there stay until they go themselves: an audit would miss them."""
        self._keys_by_uid.pop(uid, None)
        self.forget_pods(uid, set())

    def _is_stored(self, resource: Resource, identity: Identity) -> bool:
        """Return whether an object is stored in this version or a newer one: the news of our own write come late."""
        old: StoredOwner | ObservedJob | ObservedPod | None
        if resource in (JOBS, PODS):
            index: dict[str, dict[str, Any]] = self._jobs if resource is JOBS else self._pods
            old = index.get(self._owners_of_children.get(identity.uid, ""), {}).get(identity.uid)
        else:
            old = self._owners.get(Key(resource.kind, identity.namespace, identity.name))
        return old is not None and old.resource_version >= identity.resource_version

    def _put_job(self, job: ObservedJob) -> set[Key]:
        owner = self._put_child(self._jobs, job)
        return owner.union(*(self._recount(key) for key in owner))

    def _put_child(self, index: dict[str, dict[str, Any]], child: ObservedJob | ObservedPod) -> set[Key]:
        before = self._owners_of_children.get(child.uid, child.owner_uid)
        left = self._take_out(index, before, child.uid) if before != child.owner_uid else set()
        index[child.owner_uid][child.uid] = child
        self._owners_of_children[child.uid] = child.owner_uid
        self.warnings.expect(child.namespace, child.uid)
        return left | self._owner_of(child.uid)

    def _take_out(self, index: dict[str, dict[str, Any]], owner_uid: str, uid: str) -> set[Key]:
        """Drop a child from its owner's, and return whom that concerns."""
        mine, concerned = index.get(owner_uid, {}), self._owner_of(uid)
        mine.pop(uid, None)
        if not mine:
            index.pop(owner_uid, None)
        return concerned

    def _forget_child(self, child: ObservedJob | ObservedPod) -> None:
        self._owners_of_children.pop(child.uid, None)
        self.warnings.forget(child.namespace, child.uid)

    def _drop_pod(self, uid: str) -> set[Key]:
        """Keep what was last known of a pod, since its end may not be in a status yet."""
        owner_uid = self._owners_of_children.get(uid, "")
        pod, owner = self._pods.get(owner_uid, {}).get(uid), self._owner_of(uid)
        if pod is None:
            return set()
        if owner:
            self._pods[owner_uid][uid] = mark_gone(pod)
            self.warnings.forget(pod.namespace, uid)
            return owner
        self._take_out(self._pods, owner_uid, uid)
        self._forget_child(pod)
        return set()

    def _drop_job(self, uid: str) -> set[Key]:
        owner_uid = self._owners_of_children.get(uid, "")
        job = self._jobs.get(owner_uid, {}).get(uid)
        if job is None:
            return set()
        owner = self._take_out(self._jobs, owner_uid, uid)
        self._forget_child(job)
        return owner.union(*(self._recount(key) for key in owner))

    def _owner_of(self, child_uid: str | None) -> set[Key]:
        """Return the owner of a child that is in its owner's namespace."""
        uid = child_uid or ""
        owner_uid = self._owners_of_children.get(uid, "")
        key = self._keys_by_uid.get(owner_uid)
        child = self._jobs.get(owner_uid, {}).get(uid) or self._pods.get(owner_uid, {}).get(uid)
        return {key} if key is not None and child is not None and child.namespace == key.namespace else set()


def _references(owner: StoredOwner) -> set[Key]:
    """Return the objects that this one names, in its own namespace."""
    fields = {"dataset": "Dataset", "evaluationDataset": "Dataset", "model": "Model"}
    namespace = owner.key.namespace
    named = ((kind, owner.spec.get(field)) for field, kind in fields.items())
    return {Key(kind, namespace, name) for kind, name in named if isinstance(name, str)}


def _identify_child(child: ObservedJob | ObservedPod) -> Identity:
    return Identity(child.namespace, child.name, child.uid, child.resource_version)


def _identify_owner(owner: StoredOwner) -> Identity:
    return Identity(owner.key.namespace, owner.key.name, owner.uid, owner.resource_version)
