"""The picture of what was matched."""

import numpy as np
from PIL import ImageColor

from darkroom_shelf.compliance import PositionState, measure_compliance
from darkroom_shelf.drawing import COLORS, MAX_HEIGHT_PX, draw_matches
from darkroom_shelf.matching import match_planogram
from tests.support.shelf.drawn_shelves import a_planogram, empty, see_all


def test_each_state_has_its_colour_in_the_picture_and_others_have_none() -> None:
    planogram = a_planogram(rows=2)
    seen = [empty(item) if item.id == "0-3" else item for item in see_all(planogram)]
    matching = match_planogram(planogram, seen)
    pixels = np.asarray(draw_matches(measure_compliance(planogram, seen, matching), seen, matching)).reshape(-1, 3)
    body = {tuple(pixel) for pixel in pixels[: len(pixels) * 9 // 10].tolist()}
    shown = {state for state, color in COLORS.items() if ImageColor.getrgb(color) in body}
    assert shown == {PositionState.AS_PLANNED, PositionState.MISSING}


def test_a_tall_planogram_is_drawn_within_the_limit() -> None:
    planogram = a_planogram(rows=60, facings=2)
    matching = match_planogram(planogram, [])
    assert draw_matches(measure_compliance(planogram, [], matching), [], matching).height < MAX_HEIGHT_PX + 400
