"""What becomes of an error that would end a watch."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import kopf
import pytest
from kopf._cogs.clients import errors, watching

from darkroom_operator.api.resources import MODELS
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


def test_every_event_is_taken_in_and_kopf_is_told_the_marks_only() -> None:
    versions: tuple[dict[str, str], ...] = ({"resourceVersion": "12"}, {}, {"resourceVersion": "13"})
    events: list[Any] = [{"type": "MODIFIED", "object": {"metadata": metadata}} for metadata in versions]
    marks: list[Any] = [watching.Bookmark.LISTED, {"type": "BOOKMARK", "object": {"kind": "Model"}}]

    async def watch(**_: Any) -> AsyncIterator[Any]:
        for event in (*marks, *events):
            yield event

    known = Known()
    assert asyncio.run(tell(watch, known)) == marks
    told = [(MODELS, "MODIFIED", event["object"]) for event in (events[0], events[2])]
    assert known.taken == told, "an error about one object is logged, and the next is taken in"


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


async def tell(watch: Any, known: Known | None = None) -> list[Any]:
    """Return what kopf is told of a watch of Models."""
    settings = build_settings(known or Known())
    watched = keep_alive(watch)(settings=settings, resource=kopf.Resource("a", "b", "models"))
    told = [event async for event in watched]
    await asyncio.sleep(0)
    return told
