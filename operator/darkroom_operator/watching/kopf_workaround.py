"""What is changed in kopf: its watches begin where the operator's own list ends, tell it directly, and outlive errors.

kopf 1.45.2 lists before it watches, in pages of a number of objects, however large they are, and makes of each object a
task, and a record that it keeps for as long as the object exists. The operator lists in pages that are bounded by their
bytes, and has done so by then. So kopf is given no objects by a list, only the version to watch from. Nor by a watch:
a task, causes and handlers for each event take nine times as long as the store, and nothing here needs them.

It restarts a watch after a cut connection and after a 410 inside its stream. Any other end stops the whole operator,
although a list repairs it: another status inside the stream (500 while etcd changes its leader), 410 or 404 as the
answer to the request (a CRD that is being replaced), half a line. Delete the `except` once kopf restarts those too:
https://github.com/nolar/kopf/issues/1276.

There is no setting for any of it. Why an exit is not good enough, and what kopf's lists cost, is in
docs/decisions/0018-kopf.md. Must not handle what a list or a new request does not repair.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterable
from typing import Any, Protocol

import kopf
from kopf._cogs.clients import errors, fetching, watching

from darkroom_operator.api.resources import Json, Resource

logger = logging.getLogger(__name__)

Watch = Callable[..., AsyncIterator[Any]]


class Knowledge(Protocol):
    """What is known of the objects."""

    async def begin_watch(self, resource: Resource, namespace: str | None) -> int:
        """Know every object of a namespace (None for all of them); return the version to watch from."""
        ...

    def take_in(self, resource: Resource, event_type: str, raw: Json) -> None:
        """Know what an event tells."""
        ...


class Settings(kopf.OperatorSettings):
    """kopf's settings, and who knows the objects in its place."""

    def __init__(self, knowledge: Knowledge, watched: Iterable[Resource]) -> None:
        super().__init__()
        self.knowledge = knowledge
        self.watched = {resource.plural: resource for resource in watched}


async def list_nothing(*, settings: Settings, resource: Any, namespace: str | None, **_: Any) -> AsyncIterator[Any]:
    """Yield one page without objects, as of the version that the watch goes on from."""
    version = await settings.knowledge.begin_watch(settings.watched[resource.plural], namespace)
    yield (), str(version)


def keep_alive(watch: Watch) -> Watch:
    """Return the watch, which has its events taken in here, with an error turned into an end: kopf starts it again."""

    async def survive(*, settings: Settings, resource: Any, **arguments: Any) -> AsyncIterator[Any]:
        watched, loop = settings.watched[resource.plural], asyncio.get_running_loop()
        try:
            async for event in watch(settings=settings, resource=resource, **arguments):
                if _tells_nothing(event):
                    yield event
                else:
                    # By the loop, which logs what is raised and goes on: one object must not end the watch of all.
                    loop.call_soon(settings.knowledge.take_in, watched, event["type"], event["object"])
        except (watching.WatchingError, errors.APIError, ValueError) as error:
            logger.warning("watch restarts", extra={"watch": str(resource), "error": repr(error)})

    survive.keeps_alive = True  # type: ignore[attr-defined]
    return survive


def _tells_nothing(event: Any) -> bool:
    """Return whether it is one of the marks by which a watch shows how far it is."""
    return isinstance(event, watching.Bookmark) or event["type"] == "BOOKMARK"


def install() -> None:
    """Make kopf use them, once."""
    fetching.fetch_objs = list_nothing  # type: ignore[assignment]  # only `Settings` come here
    if not hasattr(watching.continuous_watch, "keeps_alive"):
        watching.continuous_watch = keep_alive(watching.continuous_watch)
