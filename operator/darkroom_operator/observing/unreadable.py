"""Objects that cannot be read: each is logged and counted once a version, and then left alone.

Owns which they are. An object that is left alone is known all the same, so that an audit neither lists it again nor
takes its watch for dead. Must not read anything itself.
"""

import logging
from collections import Counter
from typing import Final

from darkroom_operator.api.resources import WARNINGS, Resource
from darkroom_operator.facts.reading import Identity, UnreadableObjectError

logger = logging.getLogger(__name__)

MOST_REMEMBERED: Final = 10_000
"""So many are remembered of a kind that is not audited; of any other, as many as exist."""


class Unreadables:
    """The objects whose newest version cannot be read."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        """How many versions of objects could not be read, by kind."""
        self._kept: dict[str, dict[str, Identity]] = {}

    def __contains__(self, uid: str) -> bool:
        """Return whether an object's newest version cannot be read."""
        return any(uid in mine for mine in self._kept.values())

    def knows(self, resource: Resource, identity: Identity) -> bool:
        """Return whether this version, or a newer one, is known to be unreadable."""
        known = self._kept.get(resource.plural, {}).get(identity.uid)
        return known is not None and known.resource_version >= identity.resource_version

    def note(self, resource: Resource, identity: Identity | None, error: UnreadableObjectError) -> None:
        """Take note of an object that cannot be read; without an identity it is somebody's nonsense."""
        if identity is not None:
            mine = self._kept.setdefault(resource.plural, {})
            mine[identity.uid] = identity
            if resource is WARNINGS and len(mine) > MOST_REMEMBERED:
                del mine[next(iter(mine))]
        self.counts[resource.kind] += 1
        logger.warning("object cannot be read and is passed over: %s", error, extra={"resource": resource.plural})

    def forget(self, resource: Resource, uid: str) -> None:
        """Take note that an object is gone, or that a newer version of it was read."""
        self._kept.get(resource.plural, {}).pop(uid, None)

    def identities(self, resource: Resource) -> list[Identity]:
        """Return which objects of a kind cannot be read."""
        return list(self._kept.get(resource.plural, {}).values())
