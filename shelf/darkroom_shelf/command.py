"""`darkroom planogram`, `darkroom rectify` and `darkroom stitch`: their files, their last words, their exit codes.

Owns what a person sees of them. Must not do the work; joins photos only where OpenCV is installed.
"""

import contextlib
import json
import pathlib
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from PIL import Image

from darkroom_shelf.compliance import measure_compliance
from darkroom_shelf.composition.photos import check_count, decode_photos, encode_jpeg
from darkroom_shelf.composition.rectifying import read_control_points, rectify
from darkroom_shelf.detections import read_detections
from darkroom_shelf.drawing import draw_matches
from darkroom_shelf.errors import ShelfProblem, StitchingMissing
from darkroom_shelf.matching import match_planogram
from darkroom_shelf.planogram import read_planogram


class _Failed(Exception):
    """Ends a command with the text as its last words."""


def run_planogram(
    planogram: pathlib.Path, detected: pathlib.Path, *, compliance: bool = False, picture: pathlib.Path | None = None
) -> int:
    """Print which detection stands at which position, or how far all is as planned; returns 0, or 1 with the reason."""
    with _explained("planogram") as ending:
        plan = read_planogram(_take(_read_json(planogram), "planogram"))
        seen = read_detections(_take(_read_json(detected), "detectedProducts"))
        matching = match_planogram(plan, seen)
        summary = measure_compliance(plan, seen, matching)
        print(json.dumps(summary.to_json() if compliance else matching.to_json(), ensure_ascii=False, indent=1))
        if picture is not None:
            _write(picture, encode_jpeg(draw_matches(summary, seen, matching)))
    return ending.code


def run_rectify(image: pathlib.Path, points: pathlib.Path, to: pathlib.Path) -> int:
    """Write what lies between four points of a photo as a rectangle; returns 0, or 1 with the reason."""
    with _explained("rectify") as ending:
        corners = read_control_points(_read_json(points))
        (photo,) = decode_photos({str(image): _read(image)})
        _write_picture(to, rectify(photo, corners))
    return ending.code


def run_stitch(images: Sequence[pathlib.Path], to: pathlib.Path) -> int:
    """Write photos of one shelf as one picture; returns 0, or 1 with the reason."""
    with _explained("stitch") as ending:
        from darkroom_shelf.composition.stitching import stitch

        check_count(len(images))
        _write_picture(to, stitch(decode_photos({str(path): _read(path) for path in images})))
    return ending.code


class _Ending:
    code = 0


@contextlib.contextmanager
def _explained(command: str) -> Iterator[_Ending]:
    ending = _Ending()
    try:
        yield ending
    except (ShelfProblem, StitchingMissing, _Failed) as problem:
        shown = "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in str(problem))
        print(f"darkroom {command}: {shown}", file=sys.stderr)
        ending.code = 1


def _read(path: pathlib.Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise _Failed(f"{path}: it cannot be read ({error.strerror})") from error


def _read_json(path: pathlib.Path) -> Any:
    try:
        return json.loads(_read(path))
    except (ValueError, RecursionError) as error:
        raise _Failed(f"{path}: it is not JSON, or nested too deeply") from error


def _take(document: Any, field: str) -> Any:
    """Return a part of a request's body that was saved whole, or the document where it is the part itself."""
    if isinstance(document, Mapping):
        return next((value for key, value in document.items() if str(key).lower() == field.lower()), document)
    return document


def _write(path: pathlib.Path, data: bytes) -> None:
    try:
        path.write_bytes(data)
    except OSError as error:
        raise _Failed(f"{path}: it cannot be written ({error.strerror})") from error


def _write_picture(path: pathlib.Path, picture: Image.Image) -> None:
    _write(path, encode_jpeg(picture))
    print(f"{path}: {picture.width:,} x {picture.height:,} pixels")
