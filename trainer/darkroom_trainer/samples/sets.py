"""A sample as files: images and the two COCO files, named and laid out as users lay out their own.

Owns the layout `images/*.png`, `train.json`, `eval.json` in the dialect of relative boxes and `file_name`.
Must not do: I/O.
"""

import io
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

import numpy as np
from PIL import Image

from darkroom_api.v1alpha1.common import AnnotationKind
from darkroom_storage.objects import find_root
from darkroom_trainer.samples import dahlias, photographs, shapes, shelf_pictures
from darkroom_trainer.samples.digits import Digits, Part, Pixels, choose_shots, enlarge, load_part
from darkroom_trainer.samples.scenes import SCENE_PX, Scene, draw_scene

DIGIT_PX: Final = 64
SCENES: Final = {Part.TRAIN: 400, Part.EVALUATION: 100}
PHOTOS: Final = {Part.TRAIN: 160, Part.EVALUATION: 80}
SHAPES: Final = {Part.TRAIN: 600, Part.EVALUATION: 200}
SHELVES: Final = {Part.TRAIN: 200, Part.EVALUATION: 60}
ANNOTATION_FILES: Final = {Part.TRAIN: "train.json", Part.EVALUATION: "eval.json"}
SAMPLE_MARK: Final = "Darkroom sample"
"""In the COCO file's info: tells a sample, which may be written again, from somebody's data, which may not."""
_DIGIT_TAGS: Final = tuple(str(digit) for digit in range(10))

Coco = dict[str, Any]


class SampleKind(StrEnum):
    """The samples there are."""

    DIGITS = "digits"
    SCENES = "digit-scenes"
    PHOTOS = "photos"
    SHAPES = "shapes"
    SHELVES = "shelves"


ANNOTATION_KINDS: Final = {
    SampleKind.DIGITS: AnnotationKind.CLASSIFICATION,
    SampleKind.SCENES: AnnotationKind.DETECTION,
    SampleKind.PHOTOS: AnnotationKind.DETECTION,
    SampleKind.SHAPES: AnnotationKind.MULTILABEL,
    SampleKind.SHELVES: AnnotationKind.DETECTION,
}


@dataclass(frozen=True)
class SampleFile:
    """A file to write: a path relative to the sample's folder, and its bytes."""

    path: str
    data: bytes


def build_sample(kind: SampleKind, shots: int | None, seed: int) -> Iterator[SampleFile]:
    """Yield every file of a sample, images first; the same arguments give the same bytes.

    `shots` keeps that many training digits of each class; of pictures with several things as many as each of them
    needs to be seen that often (scenes: from that many different digits). ValueError where there are not so many.
    """
    build = _BUILDERS[kind]
    for part in Part:
        random = np.random.default_rng([seed, list(Part).index(part)])
        limit = shots if part is Part.TRAIN else None
        yield from build(part, limit, random)


def _build_digits(part: Part, shots: int | None, random: np.random.Generator) -> Iterator[SampleFile]:
    digits = _load(part, shots, random)
    coco = _empty_coco(_DIGIT_TAGS)
    for number, (ink, value) in enumerate(zip(digits.ink, digits.values, strict=True), start=1):
        name = f"images/{part}-{number:04d}.png"
        coco["images"].append(_build_image(number, DIGIT_PX, name))
        coco["annotations"].append({"id": number, "image_id": number, "category_id": int(value) + 1})
        yield SampleFile(name, _encode(255 - enlarge(ink, DIGIT_PX)))
    yield _encode_coco(part, coco)


def _build_scenes(part: Part, shots: int | None, random: np.random.Generator) -> Iterator[SampleFile]:
    digits = _load(part, shots, random)
    coco = _empty_coco(_DIGIT_TAGS)
    seen = np.zeros(10, dtype=int)
    number = 0
    while number < SCENES[part] and (shots is None or seen.min() < shots):
        number += 1
        scene = draw_scene(digits, random)
        np.add.at(seen, [placed.digit for placed in scene.placed], 1)
        name = f"images/{part}-{number:04d}.png"
        coco["images"].append(_build_image(number, SCENE_PX, name))
        coco["annotations"] += _build_boxes(scene, number, len(coco["annotations"]) + 1)
        yield SampleFile(name, _encode(scene.pixels))
    yield _encode_coco(part, coco)


def _build_photos(part: Part, shots: int | None, random: np.random.Generator) -> Iterator[SampleFile]:
    half = photographs.load_half(part)
    flowers = dahlias.tone_dahlias(half.dahlia)

    def draw() -> tuple[Pixels, list[Coco]]:
        bouquet = dahlias.draw_bouquet(half, flowers, random)
        return bouquet.pixels, [
            {
                "category_id": dahlias.TAGS.index(placed.tag) + 1,
                "bbox": [side / dahlias.PICTURE_PX for side in placed.box],
            }
            for placed in bouquet.placed
        ]

    coco = {**_empty_coco(dahlias.TAGS), "licenses": [photographs.LICENCE]}
    yield from _build_drawn(part, PHOTOS[part], shots, coco, draw)


def _build_shapes(part: Part, shots: int | None, random: np.random.Generator) -> Iterator[SampleFile]:
    def draw() -> tuple[Pixels, list[Coco]]:
        picture = shapes.draw_picture(random)
        return picture.pixels, [{"category_id": shapes.TAGS.index(tag) + 1} for tag in picture.tags]

    yield from _build_drawn(part, SHAPES[part], shots, _empty_coco(shapes.TAGS), draw)


def _build_shelves(part: Part, shots: int | None, random: np.random.Generator) -> Iterator[SampleFile]:
    def draw() -> tuple[Pixels, list[Coco]]:
        shelf = shelf_pictures.draw_shelf(random)
        return shelf.pixels, [
            {
                "category_id": shelf_pictures.TAGS.index(placed.tag) + 1,
                "bbox": [side / shelf_pictures.SHELF_PX for side in placed.box],
            }
            for placed in shelf.placed
        ]

    yield from _build_drawn(part, SHELVES[part], shots, _empty_coco(shelf_pictures.TAGS), draw)


def _build_drawn(
    part: Part, most: int, shots: int | None, coco: Coco, draw: Callable[[], tuple[Pixels, list[Coco]]]
) -> Iterator[SampleFile]:
    """Yield up to `most` pictures, fewer where `shots` of each tag are enough, and `coco` with what they show."""
    seen = np.zeros(len(coco["categories"]), dtype=int)
    number = 0
    while number < most and (shots is None or seen.min() < shots):
        number += 1
        pixels, found = draw()
        name = f"images/{part}-{number:04d}.png"
        coco["images"].append(_build_image(number, len(pixels), name))
        for annotation in found:
            seen[annotation["category_id"] - 1] += 1
            entry = {"id": len(coco["annotations"]) + 1, "image_id": number, **annotation}
            coco["annotations"].append(entry)
        yield SampleFile(name, _encode(pixels))
    yield _encode_coco(part, coco)


_BUILDERS: Final = {
    SampleKind.DIGITS: _build_digits,
    SampleKind.SCENES: _build_scenes,
    SampleKind.PHOTOS: _build_photos,
    SampleKind.SHAPES: _build_shapes,
    SampleKind.SHELVES: _build_shelves,
}


def _load(part: Part, shots: int | None, random: np.random.Generator) -> Digits:
    digits = load_part(part)
    return digits if shots is None else choose_shots(digits, shots, random)


def _build_boxes(scene: Scene, image_id: int, first_id: int) -> list[Coco]:
    return [
        {
            "id": first_id + position,
            "image_id": image_id,
            "category_id": placed.digit + 1,
            "bbox": [side / SCENE_PX for side in placed.box],
        }
        for position, placed in enumerate(scene.placed)
    ]


def _build_image(number: int, side_px: int, name: str) -> Coco:
    return {"id": number, "width": side_px, "height": side_px, "file_name": name}


def _empty_coco(tags: Sequence[str]) -> Coco:
    categories = [{"id": number, "name": tag} for number, tag in enumerate(tags, start=1)]
    return {"info": {"description": SAMPLE_MARK}, "images": [], "annotations": [], "categories": categories}


def _encode(pixels: Pixels) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()


def _encode_coco(part: Part, coco: Coco) -> SampleFile:
    return SampleFile(ANNOTATION_FILES[part], json.dumps(coco, indent=1).encode())


def describe_next_step(kind: SampleKind, target: str, endpoint: str | None) -> str:
    """Return what to write into a manifest to use a sample that was written to `target`."""
    annotation = ANNOTATION_KINDS[kind].value
    storage = f', storage: {{endpoint: "{endpoint}"}}' if endpoint else ""
    files = f"{find_root(target)}/{ANNOTATION_FILES[Part.TRAIN]}"
    return (
        "next: name it in a Dataset and apply it (or darkroom run -f FILE --output OUT):\n"
        f'  spec: {{annotationKind: {annotation}, annotationFiles: ["{files}"]{storage}}}'
    )
