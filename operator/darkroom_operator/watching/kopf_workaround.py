"""The two workarounds for kopf: its watches begin where the operator's own list ends, and outlive any error.

kopf 1.45.2 lists before it watches, in pages of a number of objects, however large they are, and makes of each object a
task, and a record that it keeps for as long as the object exists. The operator lists in pages that are bounded by their
bytes, and has done so by then. So kopf is given no objects by a list, only the version to watch from.

It restarts a watch after a cut connection and after a 410 inside its stream. Any other end stops the whole operator,
although a list repairs it: another status inside the stream (500 while etcd changes its leader), 410 or 404 as the
answer to the request (a CRD that is being replaced), half a line. Delete `keep_alive` once kopf restarts those too:
https://github.com/nolar/kopf/issues/1276.

There is no setting for either. Why an exit is not good enough, and what kopf's lists cost, is in
docs/decisions/0018-kopf.md. Must not handle what a list or a new request does not repair.
"""

import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import kopf
from kopf._cogs.clients import errors, fetching, watching

logger = logging.getLogger(__name__)

Watch = Callable[..., AsyncIterator[Any]]
Begin = Callable[[str, str | None], Awaitable[int]]
"""Knows all objects of a plural and a namespace (None for all); returns the version to watch from."""


class Settings(kopf.OperatorSettings):
    """kopf's settings, and who lists in its place."""

    def __init__(self, begin: Begin) -> None:
        super().__init__()
        self.begin = begin


async def list_nothing(*, settings: Settings, resource: Any, namespace: str | None, **_: Any) -> AsyncIterator[Any]:
    """Yield one page without objects, as of the version that the watch goes on from."""
    yield (), str(await settings.begin(resource.plural, namespace))


def keep_alive(watch: Watch) -> Watch:
    """Return the watch with an error turned into an end: kopf starts a watch that ended once more."""

    async def survive(**arguments: Any) -> AsyncIterator[Any]:
        try:
            async for event in watch(**arguments):
                yield event
        except (watching.WatchingError, errors.APIError, ValueError) as error:
            logger.warning("watch restarts", extra={"watch": str(arguments.get("resource")), "error": repr(error)})

    survive.keeps_alive = True  # type: ignore[attr-defined]
    return survive


def install() -> None:
    """Make kopf use them, once."""
    fetching.fetch_objs = list_nothing  # type: ignore[assignment]  # only `Settings` come here
    if not hasattr(watching.continuous_watch, "keeps_alive"):
        watching.continuous_watch = keep_alive(watching.continuous_watch)
