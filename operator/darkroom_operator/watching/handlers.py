"""What kopf does here: five watches and their reconnects. Every event goes into the store and marks objects dirty.

Owns kopf's settings, with which no outage of the API server, however long, ends a watch. Nothing is decided here, kopf
writes nothing, and none of its features that need finalizers or annotations on users' objects are used.
"""

from collections.abc import Awaitable, Callable, Iterator
from typing import Any, Final

import kopf

from darkroom_operator.api.cluster import KubernetesCluster
from darkroom_operator.api.resources import WARNINGS, WATCHED, Resource
from darkroom_operator.watching import kopf_watching
from darkroom_operator.watching.kopf_storage import NoDiffBase, NoProgress

Notice = Callable[[Resource, str | None, dict[str, Any]], None]
"""Takes in an event: the resource, the event's type (None while listing) and the object."""
Stop = Callable[[], Awaitable[None]]
"""Ends the operator's own work; kopf calls it after a signal, and goes away afterwards."""

WATCH_SECONDS: Final = 290
"""After so long a watch is opened anew, whatever its state; the API server itself ends it after 5 to 10 minutes."""
MAX_BACKOFF_SECONDS: Final = 5
"""The API server is seen again so long after it returned; a handful of watches asking that often costs it nothing."""
INACTIVITY_SECONDS: Final = 90
"""The API server sends a bookmark every minute: a watch that is silent for longer hangs, and is opened anew."""


class EndlessBackoffs:
    """Pauses between tries: growing, and never ending. A watch must outlive any outage of the API server."""

    def __iter__(self) -> Iterator[float]:
        """Yield the pauses in seconds."""
        pause = 1.0
        while True:
            yield pause
            pause = min(pause * 2, MAX_BACKOFF_SECONDS)


def build_registry(notice: Notice, cluster: KubernetesCluster, stop: Stop) -> kopf.OperatorRegistry:
    """Return the handlers."""
    kopf_watching.install()
    registry = kopf.OperatorRegistry()

    async def login(**_: Any) -> kopf.ConnectionInfo:
        return kopf.ConnectionInfo(**await cluster.describe_login())

    async def clean_up(**_: Any) -> None:
        await stop()

    kopf.on.login(registry=registry)(login)
    kopf.on.cleanup(registry=registry)(clean_up)
    for resource in (*WATCHED, WARNINGS):
        handler = _build_handler(resource, notice)
        kopf.on.event(resource.group, resource.version, resource.plural, registry=registry, id=resource.plural)(handler)
    return registry


def build_settings() -> kopf.OperatorSettings:
    """Return kopf's settings."""
    settings = kopf.OperatorSettings()
    settings.posting.enabled = False
    settings.scanning.disabled = True
    settings.networking.error_backoffs = EndlessBackoffs()
    settings.networking.connect_timeout = 10
    settings.networking.request_timeout = 60
    settings.watching.server_timeout = WATCH_SECONDS
    settings.watching.client_timeout = WATCH_SECONDS + 10
    settings.watching.connect_timeout = 10
    settings.watching.inactivity_timeout = INACTIVITY_SECONDS
    settings.watching.reconnect_backoff = kopf_watching.RECONNECT_SECONDS
    settings.watching.chunk_size = 500
    settings.queueing.idle_timeout = 1.0
    settings.persistence.diffbase_storage = NoDiffBase()
    settings.persistence.progress_storage = NoProgress()
    settings.process.ultimate_exiting_timeout = 20
    for resource in (*WATCHED, WARNINGS):
        where = (resource.group, resource.version, resource.plural)
        if resource.selector is not None:
            settings.watching.label_selectors[where] = resource.selector
        if resource.fields is not None:
            settings.watching.field_selectors[where] = resource.fields
    return settings


def _build_handler(resource: Resource, notice: Notice) -> Callable[..., Awaitable[None]]:
    async def handle(event: Any, **_: Any) -> None:
        notice(resource, event["type"], event["object"])

    return handle
