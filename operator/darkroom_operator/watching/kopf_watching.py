"""Keeps kopf's watches alive: one that the API server ends with an error starts anew with a list.

kopf ends the task of such a watch and never starts it again, so that a process lives on which sees nothing of that
kind: an error other than 410 inside a stream, a 410 or 404 as the answer to a request, or a line that is cut.
There is no setting for it. Owns that one replacement; must not handle what a list or a new request does not mend.
"""

import logging
from collections.abc import AsyncIterator, Callable
from typing import Any, Final

from kopf._cogs.clients import errors, watching

logger = logging.getLogger(__name__)

RECONNECT_SECONDS: Final = 1.0
"""Pause of kopf before it starts a watch anew."""

Watch = Callable[..., AsyncIterator[Any]]


def keep_alive(watch: Watch) -> Watch:
    """Return the watch with an error turned into an end: kopf starts a watch that ended once more."""

    async def survive(**arguments: Any) -> AsyncIterator[Any]:
        try:
            async for event in watch(**arguments):
                yield event
        except (watching.WatchingError, errors.APIError, ValueError) as error:
            logger.warning("watch starts anew", extra={"watch": str(arguments.get("resource")), "error": repr(error)})

    survive.keeps_alive = True  # type: ignore[attr-defined]
    return survive


def install() -> None:
    """Make kopf use it, once."""
    if not hasattr(watching.continuous_watch, "keeps_alive"):
        watching.continuous_watch = keep_alive(watching.continuous_watch)
