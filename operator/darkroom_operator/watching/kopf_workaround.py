"""What is changed in kopf: its watches begin where the operator's own list ends, tell news only, and outlive any error.

kopf 1.45.2 lists before it watches, in pages of a number of objects, however large they are, and makes of each object a
task, and a record that it keeps for as long as the object exists. The operator lists in pages that are bounded by their
bytes, and has done so by then. So kopf is given no objects by a list, only the version to watch from. Of the three
events of a new Model two are echoes of the operator's own writes, and nine tenths of what an event takes are kopf's.

It restarts a watch after a cut connection and after a 410 inside its stream. Any other end stops the whole operator,
although a list repairs it: another status inside the stream (500 while etcd changes its leader), 410 or 404 as the
answer to the request (a CRD that is being replaced), half a line. Delete `keep_alive` once kopf restarts those too:
https://github.com/nolar/kopf/issues/1276.

There is no setting for either. Why an exit is not good enough, and what kopf's lists cost, is in
docs/decisions/0018-kopf.md. Must not handle what a list or a new request does not repair.
"""

import logging
from collections.abc import AsyncIterator, Callable, Iterable
from typing import Any, Protocol

import kopf
from kopf._cogs.clients import errors, fetching, watching

from darkroom_operator.api.resources import Json, Resource

logger = logging.getLogger(__name__)

Watch = Callable[..., AsyncIterator[Any]]


class Knowledge(Protocol):
    """What is known of the objects before kopf tells of them."""

    async def begin_watch(self, resource: Resource, namespace: str | None) -> int:
        """Know every object of a namespace (None for all of them); return the version to watch from."""
        ...

    def is_news(self, resource: Resource, event_type: str, raw: Json) -> bool:
        """Return whether an event tells what is not known."""
        ...


class Settings(kopf.OperatorSettings):
    """kopf's settings, and who knows what it need not tell."""

    def __init__(self, knowledge: Knowledge, watched: Iterable[Resource]) -> None:
        super().__init__()
        self.knowledge = knowledge
        self.watched = {resource.plural: resource for resource in watched}


async def list_nothing(*, settings: Settings, resource: Any, namespace: str | None, **_: Any) -> AsyncIterator[Any]:
    """Yield one page without objects, as of the version that the watch goes on from."""
    version = await settings.knowledge.begin_watch(settings.watched[resource.plural], namespace)
    yield (), str(version)


def keep_alive(watch: Watch) -> Watch:
    """Return the watch without what is known, and with an error turned into an end: kopf starts it once more then."""

    async def survive(*, settings: Settings, resource: Any, **arguments: Any) -> AsyncIterator[Any]:
        watched, is_news = settings.watched[resource.plural], settings.knowledge.is_news
        try:
            async for event in watch(settings=settings, resource=resource, **arguments):
                if _tells_nothing(event) or is_news(watched, event["type"], event["object"]):
                    yield event
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
