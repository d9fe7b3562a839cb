"""What kopf does here: seven watches and their restarts. Every event goes into the store and marks objects dirty.

Owns kopf's registry and settings. Nothing is decided here, kopf writes nothing, and none of its features that put
finalizers or annotations on users' objects are used; docs/decisions/0018-kopf.md says which are, and why.
"""

from collections.abc import Awaitable, Callable, Iterator
from typing import Any, Final

import kopf

from darkroom_operator.api.cluster import KubernetesCluster
from darkroom_operator.api.resources import WARNINGS, WATCHED
from darkroom_operator.watching import kopf_workaround

Stop = Callable[[], Awaitable[None]]
"""Ends the operator's own work; kopf calls it after a signal, and goes away afterwards."""

WATCH_SECONDS: Final = 290
"""After so long a watch is opened again, whatever its state; the API server itself ends it after 5 to 10 minutes."""
MAX_BACKOFF_SECONDS: Final = 5
"""The API server is seen again so long after it returned; a handful of watches asking that often costs it nothing."""
INACTIVITY_SECONDS: Final = 90
"""The API server sends a bookmark every minute: a watch that is silent for longer hangs, and is opened again."""
RESTART_SECONDS: Final = 1.0
"""Pause before a watch that ended is listed and opened again."""


class EndlessBackoffs:
    """Pauses between tries: growing, and never ending. A watch must outlive any outage of the API server."""

    def __iter__(self) -> Iterator[float]:
        """Yield the pauses in seconds."""
        pause = 1.0
        while True:
            yield pause
            pause = min(pause * 2, MAX_BACKOFF_SECONDS)


def build_registry(cluster: KubernetesCluster, stop: Stop) -> kopf.OperatorRegistry:
    """Return what kopf is to watch, how it logs in, and what it calls at its end."""
    kopf_workaround.install()
    registry = kopf.OperatorRegistry()

    @kopf.on.login(registry=registry)
    async def login(**_: Any) -> kopf.ConnectionInfo:
        return kopf.ConnectionInfo(**await cluster.describe_login())

    @kopf.on.cleanup(registry=registry)
    async def clean_up(**_: Any) -> None:
        await stop()

    async def watch(**_: Any) -> None:
        """Make kopf watch; what the watch tells is taken in before it comes here."""

    for resource in (*WATCHED, WARNINGS):
        kopf.on.event(resource.group, resource.version, resource.plural, registry=registry)(watch)
    return registry


def build_settings(knowledge: kopf_workaround.Knowledge) -> kopf.OperatorSettings:
    """Return kopf's settings."""
    settings = kopf_workaround.Settings(knowledge, (*WATCHED, WARNINGS))
    settings.posting.enabled = False
    settings.scanning.disabled = True
    settings.networking.error_backoffs = EndlessBackoffs()
    settings.networking.connect_timeout = 10
    settings.networking.request_timeout = 60
    settings.watching.server_timeout = WATCH_SECONDS
    settings.watching.client_timeout = WATCH_SECONDS + 10
    settings.watching.connect_timeout = 10
    settings.watching.inactivity_timeout = INACTIVITY_SECONDS
    settings.watching.reconnect_backoff = RESTART_SECONDS
    settings.process.ultimate_exiting_timeout = 20
    for resource in (*WATCHED, WARNINGS):
        where = (resource.group, resource.version, resource.plural)
        if resource.selector is not None:
            settings.watching.label_selectors[where] = resource.selector
        if resource.fields is not None:
            settings.watching.field_selectors[where] = resource.fields
    return settings
