"""The one workaround for kopf: a watch that an error ended is listed and opened again.

kopf 1.45.2 restarts a watch after a cut connection and after a 410 inside its stream. Any other end stops the whole
operator, although a list repairs it: another status inside the stream (500 while etcd changes its leader), 410 or 404
as the answer to the request (a CRD that is being replaced), half a line. There is no setting for it. Delete this module
once kopf restarts those too: https://github.com/nolar/kopf/issues/1276. Why an exit is not good enough is in
docs/decisions/0018-kopf.md. Must not handle what a list or a new request does not repair.
"""

import logging
from collections.abc import AsyncIterator, Callable
from typing import Any

from kopf._cogs.clients import errors, watching

logger = logging.getLogger(__name__)

Watch = Callable[..., AsyncIterator[Any]]


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
    """Make kopf use it, once."""
    if not hasattr(watching.continuous_watch, "keeps_alive"):
        watching.continuous_watch = keep_alive(watching.continuous_watch)
