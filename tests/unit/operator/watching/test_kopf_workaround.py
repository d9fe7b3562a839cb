"""What becomes of an error that would end a watch."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from kopf._cogs.clients import errors, watching

from darkroom_operator.watching.kopf_workaround import install, keep_alive


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
    assert asyncio.run(collect(error)) == ["first"]


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
        yield "first"
        raise error

    return [event async for event in keep_alive(watch)(resource="models")]
