"""What becomes of an error that would end a watch."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import kopf
import pytest
from kopf._cogs.clients import errors, watching

from darkroom_operator.watching.handlers import build_settings
from darkroom_operator.watching.kopf_workaround import install, keep_alive
from tests.unit.operator.watching.test_handlers import Known


@pytest.mark.parametrize(
    "error",
    [
        watching.WatchingError("Error in the watch-stream: code 500"),
        errors.APIError(None, status=410, headers={}),
        errors.APINotFoundError(None, status=404, headers={}),
        ValueError("a line that is cut"),
    ],
    ids=["an error in the stream", "410 as the answer", "404 as the answer", "half a line"],
)
def test_an_error_of_the_api_server_ends_a_watch_as_a_timeout_does(error: Exception) -> None:
    assert asyncio.run(collect(error)) == [watching.Bookmark.LISTED]


def test_kopf_is_told_what_is_not_known() -> None:
    events: list[Any] = [
        {"type": "MODIFIED", "object": {"metadata": {"resourceVersion": str(version)}}} for version in (12, 13)
    ]

    marks: list[Any] = [watching.Bookmark.LISTED, {"type": "BOOKMARK", "object": {"kind": "Model"}}]

    async def watch(**_: Any) -> AsyncIterator[Any]:
        for event in (*marks, *events):
            yield event

    assert asyncio.run(tell(watch)) == [*marks, events[1]]


def test_other_errors_end_the_operator() -> None:
    with pytest.raises(KeyError):
        asyncio.run(collect(KeyError("a bug")))


def test_kopf_uses_it_and_is_changed_once() -> None:
    install()
    changed: Any = vars(watching)["continuous_watch"]
    install()
    assert vars(watching)["continuous_watch"] is changed
    assert changed.keeps_alive


async def collect(error: Exception) -> list[Any]:
    """Return what a watch told that ended with an error."""

    async def watch(**_: Any) -> AsyncIterator[Any]:
        yield watching.Bookmark.LISTED
        raise error

    return await tell(watch)


async def tell(watch: Any) -> list[Any]:
    """Return what kopf is told of a watch of Models."""
    settings = build_settings(Known())
    return [event async for event in keep_alive(watch)(settings=settings, resource=kopf.Resource("a", "b", "models"))]
