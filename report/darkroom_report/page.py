"""The shell of every report: one file that reads nothing else, and the pieces that all sections use.

Owns the head, what the page may load (nothing) and the shapes of facts and tables. Must not know what is reported.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from darkroom_report.markup import Content, Markup, element, join, style
from darkroom_report.sheet import SHEET

POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"
"""Should an escape ever fail, there is still nothing that a page could run, load or send."""


def build_page(title: str, *sections: Content) -> str:
    """Return the whole file."""
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=POLICY),
        element("meta", name_="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name_="referrer", content="no-referrer"),
        element("title", title),
        style(SHEET),
    )
    return "<!doctype html>\n" + element("html", head, element("body", element("main", *sections)), lang="en") + "\n"


def build_section(title: str, *children: Content, intro: Content = None) -> Markup:
    """Return a section with its heading and a sentence under it."""
    return element("section", element("h2", title), element("p", intro) if intro else None, *children)


def build_facts(facts: Mapping[str, Content], css: str = "facts") -> Markup:
    """Return names with their values; a fact that is empty is left out."""
    pairs = [element("div", element("dt", key), element("dd", value)) for key, value in facts.items() if value]
    return element("dl", *pairs, class_=css)


def build_table(
    head: Sequence[str], rows: Sequence[Sequence[Content]], numeric: Sequence[int], hidden: Sequence[int] = ()
) -> Markup:
    """Return a table whose first column names the rows; `numeric` columns are set right, `hidden` not on phones."""

    def css(at: int) -> str | None:
        names = [name for name, places in (("n", numeric), ("wideonly", hidden)) if at in places]
        return " ".join(names) or None

    titles = element("tr", *(element("th", text, scope="col", class_=css(at)) for at, text in enumerate(head)))
    body = [
        element(
            "tr",
            element("th", row[0], scope="row", class_=css(0)),
            *(element("td", cell, class_=css(at)) for at, cell in enumerate(row[1:], start=1)),
        )
        for row in rows
    ]
    return element("div", element("table", element("thead", titles), element("tbody", *body)), class_="scroll")


def build_meter(share: float | None) -> Markup | None:
    """Return a bar filled to `share`; none where it is unknown."""
    if share is None:
        return None
    filled = element("i", style=f"width:{100 * min(1.0, max(0.0, share)):.1f}%")
    return element("span", filled, class_="meter", aria_hidden="true")


def build_chart(title: str, *children: Content) -> Markup:
    """Return a chart with its heading."""
    return element("div", element("h3", title), *children)


def build_pair(*children: Content) -> Markup | None:
    """Return parts side by side where there is room; nothing where there are none."""
    found = [child for child in children if child]
    return element("div", *found, class_="pair three" if len(found) == 3 else "pair") if found else None


def with_note(text: Content, note: Content) -> Markup:
    """Return a value with a smaller line below it."""
    return join(text, element("small", note) if note else None)
