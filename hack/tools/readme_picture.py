"""`python -m hack.tools.readme_picture PNG`: the README's picture, from the picture of predictions that a run left.

`make demo` leaves it in demo-output/photos-eval.png, `make local` in out/artifacts/evaluation-photos-eval. The
photographs in it would take twice the room as PNG.
"""

import pathlib
import sys
from typing import Final

from PIL import Image

README_PICTURE: Final = pathlib.Path("docs/pictures/photos.jpg")
MAX_BYTES: Final = 300_000


def write_picture(source: pathlib.Path, target: pathlib.Path) -> None:
    """Write `source` as JPEG, with colours at full resolution so that small text stays sharp."""
    with Image.open(source) as picture:
        picture.convert("RGB").save(target, "JPEG", quality=88, subsampling=0)
    if target.stat().st_size > MAX_BYTES:
        raise SystemExit(f"{target}: {target.stat().st_size:,} bytes, at most {MAX_BYTES:,}: too large for a README")


if __name__ == "__main__":
    write_picture(pathlib.Path(sys.argv[1]), README_PICTURE)
