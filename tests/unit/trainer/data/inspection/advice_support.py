"""Datasets of twelve pictures, and the reports of their inspections, for the tests of advice."""

import io
import json
import pathlib
from typing import Any

from PIL import Image

from darkroom_api.conditions import Reason
from tests.support.coco_builders import Coco, a_coco, a_scene, a_source, an_annotation, an_image, write_dataset
from tests.support.run_support import inspect

NUM_IMAGES = 12


def a_set(**fields: Any) -> Coco:
    """Return twelve images of two tags with one box each."""
    numbers = range(1, NUM_IMAGES + 1)
    annotations = [an_annotation(n, image_id=n, category_id=n % 2 + 1) for n in numbers]
    return a_coco(images=[an_image(n) for n in numbers], annotations=annotations, **fields)


def scenes(**pictures: bytes) -> dict[str, bytes]:
    """Return twelve sharp and different pictures, some replaced: `_3=...` is image 3."""
    made = {f"images/{n}.png": a_scene(n) for n in range(1, NUM_IMAGES + 1)}
    return {**made, **{f"images/{name.removeprefix('_')}.png": data for name, data in pictures.items()}}


def redraw(data: bytes, change: Any, form: str = "PNG", **options: Any) -> bytes:
    """Return an encoded picture after `change`."""
    buffer = io.BytesIO()
    change(Image.open(io.BytesIO(data)).convert("RGB")).save(buffer, form, **options)
    return buffer.getvalue()


def report(folder: pathlib.Path, coco: Coco, pictures: dict[str, bytes], **fields: Any) -> dict[str, Any]:
    """Return the report of a dataset that has no problem."""
    outcome = inspect(a_source(write_dataset(folder, coco, pictures), **fields), folder / "out")
    assert outcome.reason is Reason.SUCCEEDED
    read: dict[str, Any] = json.loads((folder / "out/inspection.json").read_text())
    return read


def noted(found: dict[str, Any]) -> list[tuple[str, list[int]]]:
    """Return kind and image ids of every piece of advice."""
    return [(entry["issue"], entry["images"]) for entry in found["advice"]]


SCENE = a_scene(3)
