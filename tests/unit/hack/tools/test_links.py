"""Which links between pages lead nowhere."""

import pytest

from hack.tools import links

FILES = ["README.md", "docs/budget.md", "docs/decisions/0001-one.md", "operator/darkroom_operator/decide/run.py"]

LINKS = {
    "a page beside it": ("docs/a.md", "[b](budget.md)", None),
    "a folder": ("README.md", "[d](docs/decisions)", None),
    "a file above it": ("docs/a.md", "[r](../README.md)", None),
    "a heading of another page": ("docs/a.md", "[b](budget.md#two-meters)", None),
    "a heading of its own": ("docs/a.md", "# The `own` one!\n[b](#the-own-one)", None),
    "an address": ("docs/a.md", "[b](https://example.org/x.md)", None),
    "inside code": ("docs/a.md", "`[b](gone.md)`\n\n```\n[b](gone.md)\n```\n", None),
    "a file that is gone": ("docs/a.md", "[b](gone.md)", "docs/a.md: the link gone.md leads to no file"),
    "a file at the wrong height": ("docs/a.md", "[b](docs/budget.md)", "leads to no file"),
    "a heading that is gone": ("docs/a.md", "[b](budget.md#three-meters)", "names no heading of docs/budget.md"),
    "a heading of its own that is gone": ("docs/a.md", "# One\n[b](#two)", "names no heading of docs/a.md"),
}


@pytest.mark.parametrize(("page", "text", "problem"), LINKS.values(), ids=LINKS)
def test_a_link_leads_to_a_file_and_a_heading(page: str, text: str, problem: str | None) -> None:
    pages = {"docs/budget.md": "# The budget\n## Two meters\n", page: text}
    found = links.find_broken_links(pages, [*FILES, page])
    assert found == [] if problem is None else (len(found) == 1 and problem in found[0])
