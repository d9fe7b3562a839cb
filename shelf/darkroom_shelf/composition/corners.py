"""Figures of four corners, clockwise from the top left as y points down: what rectifying and stitching measure of them.

Pure. Must not decide which figure a photo may be.
"""

import numpy as np

from darkroom_shelf.places import Floats


def list_corners(width: float, height: float) -> Floats:
    """Return the corners (4, 2) of an upright rectangle whose top left is at 0, 0."""
    return np.array([(0, 0), (width, 0), (width, height), (0, height)], dtype=np.float64)


def measure_edges(corners: Floats) -> tuple[Floats, Floats]:
    """Return the edges (4, 2), each from its corner to the next one, and their lengths (4,)."""
    edges = np.roll(corners, -1, axis=0) - corners
    return edges, np.hypot(edges[:, 0], edges[:, 1])


def measure_turns(edges: Floats) -> Floats:
    """Return the cross product (4,) of each edge with the next one: more than 0 where the figure turns right."""
    following = np.roll(edges, -1, axis=0)
    return np.asarray(edges[:, 0] * following[:, 1] - edges[:, 1] * following[:, 0])
