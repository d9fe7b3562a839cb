"""Pages: which part of a list, and where the next one is."""

from typing import Any

import pytest

from darkroom_server.http import paging, queries
from darkroom_server.http.problems import Problem
from tests.support.server.requests import a_request


def _list(query: str, count: int) -> dict[str, Any]:
    request = a_request("/computervision/models", query)
    page = paging.read_page(queries.read_query(request))
    return paging.build_list(request, page, range(count), lambda number: {"n": number})


def test_the_first_ten_come_unless_more_are_asked_for() -> None:
    assert [item["n"] for item in _list("api-version=a", 12)["value"]] == list(range(10))
    assert [item["n"] for item in _list("Skip=3&TOP=2", 12)["value"]] == [3, 4]


def test_the_next_link_is_absolute_and_keeps_the_rest_of_the_query() -> None:
    found = _list("api-version=2023-04-01-preview&top=2", 5)["nextLink"]
    assert found == "https://vision.example/computervision/models?api-version=2023-04-01-preview&skip=2&top=2"


@pytest.mark.parametrize(("query", "count"), [("top=5", 5), ("skip=4&top=1", 5), ("skip=50", 5), ("", 0)])
def test_the_last_page_has_no_next_link(query: str, count: int) -> None:
    assert "nextLink" not in _list(query, count)


@pytest.mark.parametrize("query", ["top=0", "top=31", "skip=-1", "skip=1e3", "top=1_0", "skip=9999999", "top=٣"])
def test_a_value_that_is_no_page_is_refused_by_its_name(query: str) -> None:
    with pytest.raises(Problem, match="give a whole number") as caught:
        _list(query, 5)
    assert caught.value.target == query.partition("=")[0]
