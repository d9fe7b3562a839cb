"""`python -m bench.shelf`: time and peak memory of stitching photos of as many pixels as are taken, in a process.

Ends with 1 where either is over its bound. The photos are drawn: two rows, each photo sharing half with its neighbour,
or a quarter, which makes the picture larger.
"""

import json
import sys
import time
from typing import Final

import numpy as np
from PIL import Image

from bench import side_by_side
from darkroom_shelf.composition.photos import MAX_INPUT_PIXELS, encode_jpeg

MAX_SECONDS: Final = 300.0
MAX_BYTES: Final = 2_000_000_000
PHOTO_PX: Final = (3_264, 2_448)
"""Of a telephone's camera with 8 million pixels."""
SHARES: Final = (0.5, 0.25)
"""Of a photo, which it shares with its neighbour."""
_GRAIN_PX: Final = 8


def draw_photos(count: int, share: float) -> list[Image.Image]:
    """Return photos of two rows of one drawn front."""
    width, height = PHOTO_PX
    across, down = round(width * (1 - share)), round(height * (1 - share))
    columns = (count + 1) // 2
    random = np.random.default_rng(0)
    cells = ((down + height) // _GRAIN_PX + 1, (across * (columns - 1) + width) // _GRAIN_PX + 1, 3)
    grain = Image.fromarray(random.integers(0, 256, cells, dtype=np.uint8))
    photos = []
    for number in range(count):
        row, column = divmod(number, columns)
        left, top = column * across / _GRAIN_PX, row * down / _GRAIN_PX
        box = (left, top, left + width / _GRAIN_PX, top + height / _GRAIN_PX)
        photos.append(grain.resize(PHOTO_PX, Image.Resampling.BICUBIC, box=box))
    return photos


def stitch_once(count: int, share: float) -> None:
    """Stitch; prints the picture's pixels, CPU seconds, and peaks of resident bytes before and at the end."""
    from darkroom_shelf.composition.stitching import stitch

    photos = draw_photos(count, share)
    before = side_by_side.read_peak_bytes()
    began = time.process_time()
    picture = stitch(photos)
    encode_jpeg(picture)
    seconds = time.process_time() - began
    print(json.dumps([picture.width * picture.height, seconds, before, side_by_side.read_peak_bytes()]))


def main() -> int:
    """Print the table; returns 1 where a row is over a bound."""
    most = MAX_INPUT_PIXELS // (PHOTO_PX[0] * PHOTO_PX[1])
    print(f"{'photos':>6} {'shared':>6} {'in, MP':>7} {'out, MP':>7} {'CPU s':>8} {'held MB':>8} {'peak MB':>8}")
    is_good = True
    for count, share in [(2, 0.5), *((most, share) for share in SHARES)]:
        pixels, seconds, before, peak = side_by_side.run_alone("bench.shelf", "stitch", count, share)
        taken = count * PHOTO_PX[0] * PHOTO_PX[1]
        sizes = f"{taken / 1e6:7.0f} {pixels / 1e6:7.0f}"
        print(f"{count:6} {share:6.0%} {sizes} {seconds:8.1f} {before / 1e6:8.0f} {peak / 1e6:8.0f}", flush=True)
        is_good = is_good and seconds <= MAX_SECONDS and peak <= MAX_BYTES
    print(f"bounds: {MAX_SECONDS:.0f} CPU s, {MAX_BYTES / 1e6:,.0f} MB: {'met' if is_good else 'NOT met'}")
    return 0 if is_good else 1


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["stitch", count, share]:
            stitch_once(int(count), float(share))
        case _:
            sys.exit(main())
