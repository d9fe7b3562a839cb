"""The plain parts of every chart: scales, ticks, axes and lines as SVG.

Owns the geometry and how numbers stand on an axis. Colours and type are the style sheet's. Pure.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from markupsafe import Markup

WIDTH: Final = 400
HEIGHT: Final = 250
LEFT: Final = 50
RIGHT: Final = 20
TOP: Final = 14
BOTTOM: Final = 44
MAX_TICKS: Final = 6
SERIES: Final = 6
"""Colours and dash patterns that the style sheet has."""

Point = tuple[float, float]


@dataclass(frozen=True)
class Axis:
    """What an axis spans, in the data's unit, with its title and how its numbers are written."""

    low: float
    high: float
    title: str
    show: Callable[[float], str] = "{:g}".format

    @property
    def ticks(self) -> list[float]:
        """Return the round values on the axis."""
        return find_ticks(self.low, self.high)

    def scale(self, value: float) -> float:
        """Return where `value` lies, 0 for the lower end and 1 for the upper one; what is outside stays at the end."""
        if not math.isfinite(value) or self.high <= self.low:
            return 0.0
        return min(1.0, max(0.0, (value - self.low) / (self.high - self.low)))


def find_ticks(low: float, high: float) -> list[float]:
    """Return at most `MAX_TICKS` round values in [low, high], a step of 1, 2 or 5 times a power of ten apart."""
    span = high - low
    if not math.isfinite(span) or span <= 0:
        return [low] if math.isfinite(low) else [0.0]
    rough = span / (MAX_TICKS - 1)
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough * (1 - 1e-9))
    first = math.ceil(low / step - 1e-9)
    last = math.floor(high / step + 1e-9)
    return [round(number * step, 10) for number in range(first, last + 1)]


def span_axis(values: Iterable[float], title: str, show: Callable[[float], str], *, from_zero: bool = True) -> Axis:
    """Return an axis that all finite values lie on, with round ends."""
    finite = [value for value in values if math.isfinite(value)]
    low, high = min(finite, default=0.0), max(finite, default=1.0)
    low = min(0.0, low) if from_zero else low
    if high <= low:
        high = low + (abs(low) or 1.0)
    ticks = find_ticks(low, high)
    step = ticks[1] - ticks[0] if len(ticks) > 1 else high - low
    return Axis(math.floor(low / step + 1e-9) * step, math.ceil(high / step - 1e-9) * step, title, show)


@dataclass(frozen=True)
class Plot:
    """Two axes on a picture of `WIDTH` x `HEIGHT` units."""

    x: Axis
    y: Axis

    def locate(self, point: Point) -> Point:
        """Return where a point of the data lies in the picture."""
        return (
            LEFT + self.x.scale(point[0]) * (WIDTH - LEFT - RIGHT),
            HEIGHT - BOTTOM - self.y.scale(point[1]) * (HEIGHT - TOP - BOTTOM),
        )

    def draw_line(self, points: Sequence[Point], css: str) -> Markup:
        """Return a line through the points; nothing for fewer than two."""
        return draw_path([self.locate(point) for point in points], css)

    def draw_dot(self, point: Point, css: str, radius: float = 3.0, title: str | None = None) -> Markup:
        """Return a dot, with a title that shows on hovering."""
        x, y = self.locate(point)
        circle = Markup('<circle cx="{:.5g}" cy="{:.5g}" r="{:g}" class="{}">{}</circle>')
        return circle.format(x, y, radius, css, _title(title))

    def draw_diamond(self, point: Point, css: str, radius: float = 3.5, title: str | None = None) -> Markup:
        """Return a diamond, with a title that shows on hovering."""
        x, y = self.locate(point)
        corners = f"{x:.1f},{y - radius:.1f} {x + radius:.1f},{y:.1f} {x:.1f},{y + radius:.1f} {x - radius:.1f},{y:.1f}"
        return Markup('<polygon points="{}" class="{}">{}</polygon>').format(corners, css, _title(title))

    def draw(self, label: str, *marks: Markup) -> Markup:
        """Return the whole chart: grid, axes and the marks on them; `label` says what it shows."""
        ticks = [self._draw_y_tick(value) for value in self.y.ticks]
        ticks += [self._draw_x_tick(value) for value in self.x.ticks]
        return Markup('<svg viewBox="0 0 {} {}" role="img" class="chart"><title>{}</title>{}</svg>').format(
            WIDTH, HEIGHT, label, join([*ticks, self._draw_axis_titles(), *marks])
        )

    def _draw_y_tick(self, value: float) -> Markup:
        y = self.locate((self.x.low, value))[1]
        return Markup(
            '<line x1="{}" x2="{}" y1="{y:.5g}" y2="{y:.5g}" class="grid"/>'
            '<text x="{}" y="{:.5g}" text-anchor="end">{}</text>'
        ).format(LEFT, WIDTH - RIGHT, LEFT - 7, y + 4, self.y.show(value), y=y)

    def _draw_x_tick(self, value: float) -> Markup:
        x, bottom = self.locate((value, self.y.low))[0], HEIGHT - BOTTOM
        return Markup(
            '<line x1="{x:.5g}" x2="{x:.5g}" y1="{}" y2="{}" class="tick"/>'
            '<text x="{x:.5g}" y="{}" text-anchor="middle">{}</text>'
        ).format(bottom, bottom + 4, bottom + 17, self.x.show(value), x=x)

    def _draw_axis_titles(self) -> Markup:
        return Markup(
            '<text x="{}" y="{}" text-anchor="middle" class="axis">{}</text>'
            '<text transform="translate(11 {}) rotate(-90)" text-anchor="middle" class="axis">{}</text>'
        ).format((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 7, self.x.title, (TOP + HEIGHT - BOTTOM) / 2, self.y.title)


def draw_path(points: Sequence[Point], css: str) -> Markup:
    """Return a line through places in the picture; nothing for fewer than two."""
    if len(points) < 2:
        return Markup()
    steps = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    return Markup('<polyline points="{}" class="line {}"/>').format(steps, css)


def draw_bars(plot: Plot, edges: Sequence[float], heights: Sequence[float], css: str, titles: Sequence[str]) -> Markup:
    """Return a bar for each pair of neighbouring `edges`, with a title each."""
    bar = Markup('<rect x="{:.5g}" y="{:.5g}" width="{:.5g}" height="{:.5g}" class="{}">{}</rect>')
    bars = []
    for low, high, height, title in zip(edges, edges[1:], heights, titles, strict=False):
        left, top = plot.locate((low, height))
        right, bottom = plot.locate((high, plot.y.low))
        width = max(0.5, right - left - 1)
        bars.append(bar.format(left + 0.5, top, width, max(0.0, bottom - top), css, _title(title)))
    return join(bars)


def join(parts: Iterable[Markup]) -> Markup:
    """Return the parts one after another."""
    return Markup("").join(parts)


def _title(text: str | None) -> Markup:
    return Markup("<title>{}</title>").format(text) if text else Markup()
