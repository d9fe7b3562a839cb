"""Lists in pages: `skip`, `top`, and the address of the next page.

Must not know what is listed, or in which order.
"""

import urllib.parse
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from starlette.requests import Request

from darkroom_server.http.problems import bad_request

MAX_TOP: Final = 30
MAX_SKIP: Final = 1_000_000
Item = TypeVar("Item")


@dataclass(frozen=True)
class Page:
    """Which part of a list is asked for."""

    skip: int = 0
    top: int = 10


def read_page(query: Mapping[str, str]) -> Page:
    """Return the page that a query (`queries.read_query`) asks for; raises a Problem naming the value that is none."""
    return Page(_read_number(query, "skip", 0, MAX_SKIP, Page.skip), _read_number(query, "top", 1, MAX_TOP, Page.top))


def _read_number(query: Mapping[str, str], name: str, least: int, most: int, default: int) -> int:
    text = query.get(name, "")
    if not text:
        return default
    number = int(text) if text.isascii() and text.isdecimal() and len(text) <= len(str(most)) else -1
    if not least <= number <= most:
        raise bad_request(f"{name} is {text[:40]!r}; give a whole number from {least} to {most:,}", target=name)
    return number


def build_list(
    request: Request, page: Page, items: Sequence[Item], build: Callable[[Item], Mapping[str, Any]]
) -> dict[str, Any]:
    """Return one page of all `items`, with `nextLink` unless it is the last."""
    answer: dict[str, Any] = {"value": [build(item) for item in items[page.skip : page.skip + page.top]]}
    if page.skip + page.top < len(items):
        answer["nextLink"] = build_next_link(request, page)
    return answer


def build_next_link(request: Request, page: Page) -> str:
    """Return the absolute address of the page after this one; the rest of the query stays."""
    others = [
        (name, value) for name, value in request.query_params.multi_items() if name.lower() not in ("skip", "top")
    ]
    query = urllib.parse.urlencode([*others, ("skip", str(page.skip + page.top)), ("top", str(page.top))])
    return str(request.url.replace(query=query, fragment=""))
