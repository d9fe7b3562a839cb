"""A picture of what was matched: the plan above, what was seen below, and a line between each pair that differs.

Must not decide what belongs together.
"""

from collections.abc import Sequence
from typing import Final

from PIL import Image, ImageDraw, ImageFont

from darkroom_shelf.compliance import Compliance, PositionState
from darkroom_shelf.detections import DetectedObject
from darkroom_shelf.matching import Matching

WIDTH_PX: Final = 1_000
MARGIN_PX: Final = 24
HEADING_PX: Final = 34
MAX_HEIGHT_PX: Final = 2_400
BACKGROUND: Final = "#ffffff"
TEXT: Final = "#1c2430"
BOARD: Final = "#8a6d4b"
COLORS: Final = {
    PositionState.AS_PLANNED: "#1b7f4b",
    PositionState.MISPLACED: "#c4320a",
    PositionState.MISSING: "#a15c00",
    PositionState.NOT_SEEN: "#667085",
}
UNPLANNED: Final = "#6941c6"
FILLS: Final = ("#cfe3ff", "#ffe2bd", "#d5f0d9", "#f6d4e6", "#e6dcff", "#fff3b8", "#cdeff2", "#eadfd4")
WORDS: Final = {
    PositionState.AS_PLANNED: "as planned",
    PositionState.MISPLACED: "misplaced",
    PositionState.MISSING: "missing",
    PositionState.NOT_SEEN: "not seen",
}
Box = tuple[float, float, float, float]


class _Panel:
    """A part of the picture with rectangles in units of their own."""

    def __init__(self, draw: ImageDraw.ImageDraw, area: Box, top_px: float, fills: dict[str, str]) -> None:
        self._draw, self._area, self._top_px, self._fills = draw, area, top_px, fills
        self._scale = _find_scale(area)

    def place(self, box: Box) -> Box:
        """Return where a rectangle given by two corners lies in the picture."""
        left, top = self._area[:2]
        x0, y0, x1, y1 = ((value - start) * self._scale for value, start in zip(box, (left, top) * 2, strict=True))
        return x0 + MARGIN_PX, y0 + self._top_px, x1 + MARGIN_PX, y1 + self._top_px

    def draw_product(self, box: Box, name: str, color: str, *, is_empty: bool = False) -> None:
        """Draw a product with its name as far as there is room."""
        x0, y0, x1, y1 = self.place(box)
        fill = BACKGROUND if is_empty else self._fills.setdefault(name, FILLS[len(self._fills) % len(FILLS)])
        self._draw.rectangle((x0, y0, x1, y1), fill=fill, outline=color, width=3)
        font = ImageFont.load_default(size=13)
        for number, word in enumerate(name.split()):
            while word and self._draw.textlength(word, font=font) > x1 - x0 - 8:
                word = word[:-1]
            if y0 + 5 + 15 * (number + 1) < y1:
                self._draw.text((x0 + 5, y0 + 4 + 15 * number), word, fill=TEXT, font=font)

    def draw_board(self, box: Box) -> None:
        """Draw a board."""
        self._draw.rectangle(self.place(box), fill=BOARD)


def draw_matches(compliance: Compliance, seen: Sequence[DetectedObject], matching: Matching) -> Image.Image:
    """Return the picture."""
    planogram = compliance.planogram
    plan_area = (0.0, 0.0, planogram.width, planogram.height)
    seen_area = _find_area(seen)
    heights = [_measure_height(area) for area in (plan_area, seen_area)]
    size = (WIDTH_PX, round(sum(heights) + 2 * HEADING_PX + 2 * MARGIN_PX + HEADING_PX))
    picture = Image.new("RGB", size, BACKGROUND)
    draw = ImageDraw.Draw(picture)
    fills: dict[str, str] = {}
    plan = _Panel(draw, plan_area, HEADING_PX, fills)
    photo = _Panel(draw, seen_area, heights[0] + 2 * HEADING_PX + MARGIN_PX, fills)
    _write_headings(draw, heights[0], len(planogram.positions), len(seen))
    _draw_plan(plan, compliance)
    _draw_seen(photo, compliance, seen, matching)
    _draw_legend(draw, compliance, size[1] - HEADING_PX + 8)
    return picture


def _find_area(seen: Sequence[DetectedObject]) -> Box:
    if not seen:
        return 0.0, 0.0, 10.0, 1.0
    return (
        min(item.x for item in seen),
        min(item.y for item in seen),
        max(item.x + item.width for item in seen),
        max(item.y + item.height for item in seen),
    )


def _measure_height(area: Box) -> float:
    return (area[3] - area[1]) * _find_scale(area)


def _find_scale(area: Box) -> float:
    return min((WIDTH_PX - 2 * MARGIN_PX) / (area[2] - area[0]), MAX_HEIGHT_PX / (area[3] - area[1]))


def _write_headings(draw: ImageDraw.ImageDraw, plan_px: float, num_positions: int, num_seen: int) -> None:
    font = ImageFont.load_default(size=18)
    draw.text((MARGIN_PX, 7), f"Planogram: {num_positions:,} positions", fill=TEXT, font=font)
    at = (MARGIN_PX, plan_px + HEADING_PX + MARGIN_PX + 7)
    draw.text(at, f"Seen: {num_seen:,} objects, each in the colour of its position's state", fill=TEXT, font=font)


def _draw_plan(panel: _Panel, compliance: Compliance) -> None:
    for fixture in compliance.planogram.fixtures:
        panel.draw_board((fixture.x, fixture.y, fixture.x + fixture.width, fixture.y + fixture.height))
    for one in compliance.planogram.positions:
        box = (one.x, one.y, one.x + one.product.width, one.y + one.product.height)
        panel.draw_product(box, one.product.name, COLORS[compliance.states[one.id]])


def _draw_seen(panel: _Panel, compliance: Compliance, seen: Sequence[DetectedObject], matching: Matching) -> None:
    states = {match.detected.id: compliance.states[match.position.id] for match in matching.matches}
    # What belongs to a position last: a box of what is not planned may lie over its neighbours.
    for item in sorted(seen, key=lambda item: item.id in states):
        color = COLORS[states[item.id]] if item.id in states else UNPLANNED
        box = (item.x, item.y, item.x + item.width, item.y + item.height)
        panel.draw_product(box, item.name, color, is_empty=item.is_gap)


def _draw_legend(draw: ImageDraw.ImageDraw, compliance: Compliance, top_px: float) -> None:
    states = list(compliance.states.values())
    entries = [(COLORS[state], f"{states.count(state)} {word}") for state, word in WORDS.items()]
    entries.append((UNPLANNED, f"{len(compliance.extra)} not planned"))
    font, x = ImageFont.load_default(size=15), float(MARGIN_PX)
    for color, text in entries:
        draw.rectangle((x, top_px, x + 14, top_px + 14), outline=color, width=3)
        draw.text((x + 20, top_px - 2), text, fill=TEXT, font=font)
        x += 44 + draw.textlength(text, font=font)
