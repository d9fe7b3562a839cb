"""What is on the API server now, and how often each object was created: watches in threads, past every fault.

Owns the copy that waits and verdicts read. Must not change anything on the server.
"""

import json
import threading
import time
from collections import Counter
from collections.abc import Callable
from typing import Final

import urllib3

from darkroom_api import names
from darkroom_operator.api.resources import JOBS, OWNERS, PODS, Resource
from tests.faults.cluster.api import Api, Json

WATCHED: Final = (*OWNERS, JOBS, PODS)
OnPod = Callable[[Json], None]


class Mirror:
    """Every resource of Darkroom's kinds, Job and pod, by resource, namespace and name."""

    def __init__(self, api: Api, on_pod: OnPod) -> None:
        self._api = api
        self._on_pod = on_pod
        self._changed = threading.Condition()
        self._objects: dict[tuple[str, str, str], Json] = {}
        self._added: Counter[tuple[str, str, str]] = Counter()
        for resource in WATCHED:
            threading.Thread(target=self._follow, args=(resource,), daemon=True).start()

    def get(self, resource: Resource, namespace: str, name: str) -> Json | None:
        """Return an object as it was last seen."""
        with self._changed:
            return self._objects.get((resource.plural, namespace, name))

    def select(self, resource: Resource, namespace: str, label: str, value: str) -> list[Json]:
        """Return the objects with a label, by name."""
        with self._changed:
            mine = [o for (plural, ns, _), o in self._objects.items() if (plural, ns) == (resource.plural, namespace)]
        labelled = [item for item in mine if item["metadata"].get("labels", {}).get(label) == value]
        return sorted(labelled, key=lambda item: str(item["metadata"]["name"]))

    def count_added(self, resource: Resource, namespace: str, prefix: str) -> dict[str, int]:
        """Return how often each object whose name starts with `prefix` was created."""
        with self._changed:
            return {
                name: count
                for (plural, ns, name), count in self._added.items()
                if plural == resource.plural and ns == namespace and name.startswith(prefix)
            }

    def wait_change(self, seconds: float) -> None:
        """Return after the next change, at the latest after `seconds`."""
        with self._changed:
            self._changed.wait(seconds)

    def _follow(self, resource: Resource) -> None:
        """Watch from the beginning: this API server is younger than its history is long."""
        version = "0"
        while True:
            path = f"{resource.path(None)}?watch=true&timeoutSeconds=3000&resourceVersion={version}"
            try:
                with self._api.stream(path) as response:
                    for line in iter(response.readline, b"") if response.status == 200 else ():
                        version = self._take_in(resource, json.loads(line))
            except (urllib3.exceptions.HTTPError, OSError, ValueError):
                pass  # the server is not there yet, or it is being shut down
            time.sleep(0.2)

    def _take_in(self, resource: Resource, change: Json) -> str:
        item = change["object"]
        metadata = item["metadata"]
        key = (resource.plural, metadata["namespace"], metadata["name"])
        with self._changed:
            if change["type"] == "DELETED":
                self._objects.pop(key, None)
            else:
                self._objects[key] = item
            self._added[key] += change["type"] == "ADDED" and _is_ours(resource, metadata)
            self._changed.notify_all()
        if resource is PODS and change["type"] != "DELETED":
            self._on_pod(item)
        return str(metadata["resourceVersion"])


def _is_ours(resource: Resource, metadata: Json) -> bool:
    """Return whether an operator made it: a Job of somebody else may have a name like ours."""
    return resource is not JOBS or names.LABEL_UID in metadata.get("labels", {})
