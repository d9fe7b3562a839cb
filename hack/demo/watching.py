"""Follows the demo's resources until each one has come to an end, and prints every change of phase or reason."""

import time
from dataclasses import dataclass
from typing import Any, Final

from hack.demo.installation import KINDS
from hack.demo.target import NAMESPACE, Target

ENDED: Final = frozenset({"Ready", "Invalid", "Succeeded", "Failed", "Cancelled"})
GOOD: Final = frozenset({"Ready", "Succeeded"})
LIMIT_SECONDS: Final = 900.0
_INTERVAL_SECONDS = 0.5


@dataclass(frozen=True)
class Resource:
    """A resource as the demo shows it."""

    kind: str
    name: str
    status: dict[str, Any]

    @property
    def phase(self) -> str:
        """Return the phase, or an empty string before the operator has seen the resource."""
        return str(self.status.get("phase", ""))

    @property
    def succeeded(self) -> bool:
        """Return whether it came to a good end."""
        return self.phase in GOOD

    def describe(self) -> str:
        """Return one line: kind, name, phase, reason and message."""
        what = f"{self.kind}/{self.name}"
        return f"{what:28} {self.phase:11} {self.status.get('reason', ''):18} {self.status.get('message', '')[:110]}"


def watch_until_settled(target: Target) -> list[Resource]:
    """Print changes until every resource has ended; returns them all, settled or not after `LIMIT_SECONDS`."""
    started = time.monotonic()
    shown: dict[str, tuple[object, ...]] = {}
    while True:
        resources = _list_resources(target)
        elapsed = time.monotonic() - started
        for resource in resources:
            _show_change(resource, shown, elapsed)
        settled = bool(resources) and all(resource.phase in ENDED for resource in resources)
        if settled or elapsed > LIMIT_SECONDS:
            return resources
        time.sleep(_INTERVAL_SECONDS)


def _list_resources(target: Target) -> list[Resource]:
    items = target.get(KINDS, "-n", NAMESPACE)["items"]
    return [Resource(item["kind"], item["metadata"]["name"], item.get("status", {})) for item in items]


def _show_change(resource: Resource, shown: dict[str, tuple[object, ...]], elapsed: float) -> None:
    key, seen = f"{resource.kind}/{resource.name}", (resource.phase, resource.status.get("reason"))
    if shown.get(key) != seen and resource.phase:
        shown[key] = seen
        print(f"{elapsed:6.1f}s  {resource.describe()}", flush=True)
