"""The confusion matrix as a picture: shares of each row as shade, counts as numbers.

Owns its layout. Pure.
"""

from collections.abc import Sequence
from typing import Final

from markupsafe import Markup

from darkroom_report.plot import join
from darkroom_report.texts import shorten_middle

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
    columns = [_draw_column_label(at, text, cell, margin) for at, text in enumerate(names)]
    rows = [_draw_row(at, names, counts[at], cell, margin) for at in range(len(names))]
    return Markup(
        '<svg viewBox="0 0 {side:.0f} {side:.0f}" width="{:.0f}" role="img" class="chart matrix">'
        "<title>Confusion matrix: rows are the truth, columns the answer</title>"
        '<text x="{middle:.1f}" y="11" text-anchor="middle" class="axis">answer</text>'
        '<text transform="translate(11 {middle:.1f}) rotate(-90)" text-anchor="middle" class="axis">truth</text>'
        "{}</svg>"
    ).format(side * 1.15, join([*columns, *rows]), side=side, middle=(margin + side) / 2)


def _draw_column_label(at: int, text: str, cell: float, margin: float) -> Markup:
    x = margin + (at + 0.5) * cell + 4
    return Markup('<text transform="translate({:.1f} {:.1f}) rotate(-90)">{}</text>').format(x, margin - 6, text)


def _draw_row(at: int, names: Sequence[str], counts: Sequence[int], cell: float, margin: float) -> Markup:
    y, total = margin + at * cell, sum(counts)
    label = Markup('<text x="{:.5g}" y="{:.5g}" text-anchor="end">{}</text>')
    cells = [
        _draw_cell(margin + column * cell, y, cell, number, number / total if total else 0.0, is_right=column == at)
        for column, number in enumerate(counts)
    ]
    return join([label.format(margin - 6, y + cell / 2 + 4, names[at]), *cells])


def _draw_cell(x: float, y: float, cell: float, number: int, share: float, *, is_right: bool) -> Markup:
    rect = Markup('<rect x="{:.5g}" y="{:.5g}" width="{side}" height="{side}" class="{}" fill-opacity="{:.2g}"/>')
    box = rect.format(x + 0.5, y + 0.5, "cell", 1, side=cell - 1)
    if not number:
        return box
    shade = 0.12 + 0.88 * share**0.6
    fill = rect.format(x + 0.5, y + 0.5, "cell right" if is_right else "cell wrong", shade, side=cell - 1)
    text = Markup('<text x="{:.5g}" y="{:.5g}" text-anchor="middle" class="{}">{}</text>')
    css = "count strong" if shade > 0.55 else "count"
    return join([box, fill, text.format(x + cell / 2, y + cell / 2 + 4, css, _show(number))])


def _show(number: int) -> str:
    """Return a count in at most four characters."""
    if number < 1000:
        return str(number)
    return f"{number / 1000:.1f}k" if number < 10_000 else f"{number // 1000}k"
