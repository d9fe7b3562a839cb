"""An API server in memory: versions, conflicts, owners' uids, and a record of every write.

Owns no behaviour that the real one does not have; it has no controllers, so Jobs and pods change only by tests.
"""

import copy
import itertools
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from darkroom_operator.api.cluster import ClusterError
from darkroom_operator.api.resources import Resource

Json = dict[str, Any]


class FakeCluster:
    """Keeps objects by resource, namespace and name."""

    def __init__(self) -> None:
        self.objects: dict[tuple[str, str, str], Json] = {}
        self.writes: list[tuple[str, str, str]] = []
        self.reads: list[tuple[str, str]] = []
        self.failures: list[ClusterError] = []
        self.groups: dict[str, str] = {}
        self.grace_seconds: dict[tuple[str, str], int | None] = {}
        """With which a delete asked, by resource and name; None where the object's own was to be kept."""
        self._versions = itertools.count(100)

    def now(self) -> datetime:
        """Return the time."""
        return datetime.now(UTC)

    def add(self, resource: Resource, raw: Json) -> Json:
        """Put an object in place, as somebody else would; returns it as stored."""
        metadata = {"uid": f"uid-{raw['metadata']['name']}", "namespace": "vision", "generation": 1, **raw["metadata"]}
        stored = {**copy.deepcopy(raw), "metadata": {**metadata, "resourceVersion": str(next(self._versions))}}
        self.objects[resource.plural, metadata["namespace"], metadata["name"]] = stored
        return copy.deepcopy(stored)

    async def list_all(
        self, resource: Resource, namespace: str | None, *, metadata_only: bool = False
    ) -> AsyncIterator[Json]:
        """Yield one page of the objects that match the resource's fields, whatever their labels."""
        if namespace is not None:
            self.reads.append((resource.plural, namespace))
        self._fail()
        wanted = _split(resource.fields or "")
        found = [
            {"metadata": item["metadata"]} if metadata_only else item
            for (plural, place, _), item in self.objects.items()
            if plural == resource.plural and namespace in (None, place)
            if all(item.get(field) == value for field, value in wanted)
        ]
        # The real one says `null` for an empty list of metadata.
        yield {"metadata": {"resourceVersion": str(next(self._versions))}, "items": copy.deepcopy(found) or None}

    async def discover(self, group: str) -> str | None:
        """Return the version of an API group that a test added to `groups`."""
        self.reads.append(("apis", group))
        self._fail()
        return self.groups.get(group)

    async def get(self, resource: Resource, namespace: str, name: str, subresource: str | None = None) -> Json:
        """Return an object, or a subresource, which is kept below its path."""
        if subresource is None:
            return copy.deepcopy(self._find(resource, namespace, name))
        path = f"{resource.plural}/{subresource}"
        self.reads.append((path, name))
        self._fail()
        return copy.deepcopy(self._find(replace(resource, plural=path), namespace, name))

    async def create(self, resource: Resource, namespace: str, manifest: Json) -> Json:
        """Store a new object."""
        name = manifest["metadata"]["name"]
        self.writes.append(("create", resource.plural, name))
        self._fail()
        if (resource.plural, namespace, name) in self.objects:
            raise ClusterError(409, "AlreadyExists", name)
        return self.add(resource, manifest)

    async def patch(
        self, resource: Resource, namespace: str, name: str, operations: list[Json], subresource: str | None = None
    ) -> Json:
        """Apply the few patches that the operator makes."""
        self.writes.append(("patch", f"{resource.plural}/{subresource}" if subresource else resource.plural, name))
        self._fail()
        stored = self._find(resource, namespace, name)
        for operation in operations:
            field = operation["path"].strip("/")
            if field == "metadata/resourceVersion":
                if operation["value"] != stored["metadata"]["resourceVersion"]:
                    raise ClusterError(409, "Conflict", name)
            else:
                stored[field] = copy.deepcopy(operation["value"])
        stored["metadata"]["resourceVersion"] = str(next(self._versions))
        return copy.deepcopy(stored)

    async def delete(
        self, resource: Resource, namespace: str, name: str, uid: str, *, grace_seconds: int | None = None
    ) -> None:
        """Remove an object; a grace period is written down, and is over at once."""
        self.grace_seconds[resource.plural, name] = grace_seconds
        self.writes.append(("delete", resource.plural, name))
        self._fail()
        if self._find(resource, namespace, name)["metadata"]["uid"] != uid:
            raise ClusterError(409, "Conflict", name)
        del self.objects[resource.plural, namespace, name]

    def _find(self, resource: Resource, namespace: str, name: str) -> Json:
        found = self.objects.get((resource.plural, namespace, name))
        if found is None:
            raise ClusterError(404, "NotFound", name)
        return found

    def _fail(self) -> None:
        if self.failures:
            raise self.failures.pop(0)


def _split(selector: str) -> list[list[str]]:
    return [pair.split("=", 1) for pair in selector.split(",") if pair]
