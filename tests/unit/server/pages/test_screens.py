"""What every screen has in common: nothing that strangers wrote becomes markup, and pages of lists."""

import html.parser
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings, strategies

from darkroom_api.v1alpha1.run_status import ProgressStatus
from darkroom_labels.coco_labels import Label, LabelledImage, Review
from darkroom_server.backends.backend import NotThere, Refused, Unavailable
from darkroom_server.pages.screens import cut_page, explain
from tests.support.report_builders import HOSTILE
from tests.support.server.browsing import Browser, signed_in
from tests.support.server.finished import (
    a_performance,
    finish_dataset,
    finish_evaluation,
    finish_model,
    finish_prediction,
)
from tests.support.server.local import LocalServer
from tests.support.server.requests import a_request
from tests.support.server.results import create

SCREENS = (
    "/models", "/models/young", "/models/young/state", "/datasets", "/datasets/fruit", "/evaluations",
    "/comparison?left=one&right=two", "/predictions", "/predictions/rest",
)  # fmt: skip


class _Outline(html.parser.HTMLParser):
    """The elements of a page with the names of their attributes, and where links and scripts lead."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[Any] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        led = tuple(value for name, value in attrs if name in ("href", "src", "action", "data-url"))
        self.found.append((tag, tuple(name for name, _ in attrs), led))


def _outline(browser: Browser) -> list[Any]:
    return [_Outline(browser.get(path).body.decode()).found for path in SCREENS]


def _fill(server: LocalServer, text: str) -> None:
    """Fill a server with resources whose tags, files and messages are `text`."""
    written = text.encode("utf-8", "replace").decode()
    picture = LabelledImage(
        80, 60, written, labels=(Label(written, (0.1, 0.1, 0.2, 0.2), 0.5),), review=Review.PENDING,
        preview="previews/000001.jpg",
    )  # fmt: skip
    finish_dataset(server, images=(picture,), tags=(written,))
    finish_model(server)
    create(server, "Model", "young", {"task": "detector", "dataset": "fruit", "budget": "1h"})
    server.begin("young")
    status = server.find("Model", "young").status
    progress = ProgressStatus(percent=40, stage=written[:64])
    server.tell("Model", "young", status.model_copy(update={"progress": progress, "message": written}))
    finish_evaluation(server, "one", "sorter", a_performance(0.5, **{written: 0.5}))
    finish_evaluation(server, "two", "young", a_performance(0.9, **{written: 0.9}))
    finish_prediction(server, images=(picture,), tags=(written,))


@pytest.fixture(scope="module")
def plain(module_server: LocalServer) -> list[Any]:
    """Return the outline of every screen where all texts are harmless."""
    module_server.forget_all("default")
    _fill(module_server, "plain")
    return _outline(signed_in(module_server.address))


@pytest.mark.parametrize("text", HOSTILE)
def test_no_text_of_a_stranger_becomes_markup(plain: list[Any], server: LocalServer, text: str) -> None:
    _fill(server, text)
    assert _outline(signed_in(server.address)) == plain


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=strategies.text(alphabet="<>&\"'/= a{}%#\u202e\n", min_size=1, max_size=40).filter(str.strip))
def test_no_text_at_all_becomes_markup(plain: list[Any], module_server: LocalServer, text: str) -> None:
    module_server.forget_all("default")
    _fill(module_server, text)
    assert _outline(signed_in(module_server.address)) == plain


@pytest.mark.parametrize(
    ("query", "items", "number"),
    [("", [0, 1], 1), ("page=2", [2, 3], 2), ("page=3", [4], 3), ("page=99", [4], 3), ("page=-1", [0, 1], 1),
     ("page=x", [0, 1], 1), ("page=0", [0, 1], 1), ("page=" + "9" * 30, [0, 1], 1)],
)  # fmt: skip
def test_a_list_is_cut_into_pages(query: str, items: list[int], number: int) -> None:
    part = cut_page(a_request(query=query), list(range(5)), 2)
    assert (part.items, part.number, part.count, part.total) == (items, number, 3, 5)


@pytest.mark.parametrize(
    ("problem", "status"), [(Unavailable("x"), 503), (Refused("it differs"), 409), (NotThere("gone"), 404)]
)
def test_what_a_bucket_does_not_give_is_explained(problem: Any, status: int) -> None:
    told = explain(problem, "report.html of Model sorter")
    assert (told.status, told.message.startswith("report.html of Model sorter")) == (status, True)
