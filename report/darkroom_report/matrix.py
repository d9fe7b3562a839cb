"""The confusion matrix as a picture: shares of each row as shade, counts as numbers.

Owns its layout. Pure.
"""

from collections.abc import Sequence
from typing import Final

from darkroom_report.markup import Markup, element, shorten_middle

CELL: Final = 30
SMALL_CELL: Final = 22
SMALL_FROM: Final = 14
"""Tags from which cells are small."""
MAX_LABEL: Final = 18
LETTER: Final = 6.4
"""Width of a letter in units of the picture, roughly."""
NOTHING_LABEL: Final = "(none)"


def draw_matrix(labels: Sequence[str | None], counts: Sequence[Sequence[int]]) -> Markup:
    """Return the matrix, rows being the truth; a label of None is no box. An empty matrix is an empty picture."""
    names = [NOTHING_LABEL if label is None else shorten_middle(label, MAX_LABEL) for label in labels]
    cell = SMALL_CELL if len(names) >= SMALL_FROM else CELL
    margin = 24 + LETTER * max((len(text) for text in names), default=0)
    side = margin + cell * len(names) + 4
    rows = [_draw_row(at, names, counts[at], cell, margin) for at in range(len(names))]
    columns = [_draw_column_label(at, text, cell, margin) for at, text in enumerate(names)]
    return element(
        "svg",
        element("title", "Confusion matrix: rows are the truth, columns the answer"),
        _draw_titles(margin, side),
        *columns,
        *rows,
        viewBox=f"0 0 {side:.0f} {side:.0f}",
        width=round(side * 1.15),
        role="img",
        class_="chart matrix",
    )


def _draw_titles(margin: float, side: float) -> Markup:
    middle = (margin + side) / 2
    across = element("text", "answer", x=middle, y=11, text_anchor="middle", class_="axis")
    down = element(
        "text", "truth", text_anchor="middle", class_="axis", transform=f"translate(11 {middle:.1f}) rotate(-90)"
    )
    return element("g", across, down)


def _draw_column_label(at: int, text: str, cell: float, margin: float) -> Markup:
    x = margin + (at + 0.5) * cell + 4
    return element("text", text, transform=f"translate({x:.1f} {margin - 6:.1f}) rotate(-90)")


def _draw_row(at: int, names: Sequence[str], counts: Sequence[int], cell: float, margin: float) -> Markup:
    y, total = margin + at * cell, sum(counts)
    label = element("text", names[at], x=margin - 6, y=y + cell / 2 + 4, text_anchor="end")
    cells = [
        _draw_cell(margin + column * cell, y, cell, number, number / total if total else 0.0, is_right=column == at)
        for column, number in enumerate(counts)
    ]
    return element("g", label, *cells)


def _draw_cell(x: float, y: float, cell: float, number: int, share: float, *, is_right: bool) -> Markup:
    css = "cell right" if is_right else "cell wrong"
    shade = round(0.12 + 0.88 * share**0.6, 3) if number else 0.0
    box = element("rect", x=x + 0.5, y=y + 0.5, width=cell - 1, height=cell - 1, class_="cell")
    if not number:
        return box
    fill = element("rect", x=x + 0.5, y=y + 0.5, width=cell - 1, height=cell - 1, class_=css, fill_opacity=shade)
    text = element(
        "text",
        _show(number),
        x=x + cell / 2,
        y=y + cell / 2 + 4,
        text_anchor="middle",
        class_="count strong" if shade > 0.55 else "count",
    )
    return element("g", box, fill, text)


def _show(number: int) -> str:
    """Return a count in at most four characters."""
    if number < 1000:
        return str(number)
    return f"{number / 1000:.1f}k" if number < 10_000 else f"{number // 1000}k"
