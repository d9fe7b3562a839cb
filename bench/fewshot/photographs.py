"""Sets of photographs out of a folder of the user's: `NAME/pool.json` to train on, `NAME/test.json` to measure on.

Owns how they are found and read: COCO, boxes relative or in pixels. What has a box that is not the whole image is a set
with boxes, anything else one of classes.
"""

import functools
import json
import pathlib
from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from PIL import Image, ImageOps

from bench.fewshot.drawing.pictures import Box, Picture
from bench.fewshot.sets import BenchSet

POOL: Final = "pool.json"
TEST: Final = "test.json"
WHOLE: Final = (0.0, 0.0, 1.0, 1.0)
NEARLY: Final = 0.01


def find_sets(folder: pathlib.Path) -> dict[str, BenchSet]:
    """Return the sets of a folder by name; SystemExit where there is none."""
    names = sorted(path.parent.name for path in folder.glob(f"*/{POOL}") if path.with_name(TEST).exists())
    if not names:
        raise SystemExit(
            f"--photos {folder}: this folder has no set: give one with NAME/{POOL} and NAME/{TEST}, both COCO files"
        )
    return {name: _describe_set(folder / name) for name in names}


def _describe_set(folder: pathlib.Path) -> BenchSet:
    pool, test = (_read_coco(folder / name) for name in (POOL, TEST))
    tags = [entry["name"] for entry in pool["categories"]]
    if tags != [entry["name"] for entry in test["categories"]]:
        raise SystemExit(f"{folder}: {POOL} and {TEST} have other categories: they must be the same, in the same order")
    places = {entry["id"]: at for at, entry in enumerate(pool["categories"])}
    shown: dict[int, set[int]] = {place: set() for place in places.values()}
    for annotation in pool["annotations"]:
        shown[places[annotation["category_id"]]].add(annotation["image_id"])
    return BenchSet(
        name=folder.name,
        labels=tuple(tags),
        boxed=any(_find_boxes(coco) for coco in (pool, test)),
        pool_images=len(pool["images"]),
        test_images=len(test["images"]),
        load=functools.partial(_load, folder),
        most_shots=min(len(images) for images in shown.values()),
    )


def _read_coco(path: pathlib.Path) -> dict[str, Any]:
    coco: dict[str, Any] = json.loads(path.read_text())
    return coco


def _find_boxes(coco: Mapping[str, Any]) -> bool:
    sizes = {image["id"]: (image["width"], image["height"]) for image in coco["images"]}
    boxes = (_read_box(one["bbox"], sizes[one["image_id"]]) for one in coco["annotations"] if "bbox" in one)
    return any(not np.allclose(box, WHOLE, atol=NEARLY) for box in boxes)


def _read_box(box: list[float], size: tuple[int, int]) -> Box:
    """Return a box relative to its image; numbers above 1 are pixels."""
    width, height = size if max(box) > 1 else (1, 1)
    left, top, wide, high = box
    return left / width, top / height, wide / width, high / height


def _load(folder: pathlib.Path, for_test: bool) -> list[Picture]:
    """Return a part's pictures, decoded and upright, in the order of the file."""
    coco = _read_coco(folder / (TEST if for_test else POOL))
    boxed = _find_boxes(coco)
    places = {entry["id"]: at for at, entry in enumerate(coco["categories"])}
    found: dict[int, list[dict[str, Any]]] = {image["id"]: [] for image in coco["images"]}
    for annotation in coco["annotations"]:
        found[annotation["image_id"]].append(annotation)
    part = []
    for image in coco["images"]:
        entries, size = found[image["id"]], (image["width"], image["height"])
        upright = ImageOps.exif_transpose(Image.open(folder / image["file_name"])).convert("RGB")
        labels = tuple(places[entry["category_id"]] for entry in entries)
        boxes = tuple(_read_box(entry["bbox"], size) for entry in entries) if boxed else ()
        part.append(Picture(np.asarray(upright), labels, boxes))
    return part
