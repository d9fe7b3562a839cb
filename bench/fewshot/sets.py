"""The sets of the bench: a fixed test part and, for each seed and number of shots, a part to train on, as files.

Owns what is in which part. `shots` images of each tag for classification. For detection, after the usual convention:
images in random order are kept while they show a tag that fewer than `shots` kept images show, so that every tag is in
at least `shots` images. FULL takes all that there is. Files are those that users have: PNG and COCO. The sets that are
drawn are here, those of a user's folder in `photographs`.
"""

import json
import pathlib
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from PIL import Image

from bench.fewshot.drawing import letters, pictures, shapes, textures
from bench.fewshot.drawing.pictures import Picture
from darkroom_trainer.samples import digits, scenes

FULL: Final = 0
"""The number of shots that stands for everything."""
VERSION: Final = 1
"""Of the drawing: results of other versions are of other data."""
_TEST_KEY: Final = 1
_POOL_KEY: Final = 2
_CHOICE_KEY: Final = 3


@dataclass(frozen=True)
class BenchSet:
    """A set: `load(for_test)` gives all pictures of the test part or of the pool, the same every time.

    Every tag is on at least `most_shots` pictures of the pool.
    """

    name: str
    labels: tuple[str, ...]
    boxed: bool
    pool_images: int
    test_images: int
    load: Callable[[bool], Iterable[Picture]]
    most_shots: int = 10

    def list_shots(self, wanted: Sequence[int]) -> list[int]:
        """Return the shots that the pool has; FULL only where they leave some of it."""
        counts = [shots for shots in wanted if shots != FULL and shots <= self.most_shots]
        is_all = max(counts, default=0) * len(self.labels) >= self.pool_images
        return [shots for shots in wanted if shots in counts or (shots == FULL and not is_all)]


Draw = Callable[[int, int, bool], Iterator[Picture]]
"""Yields so many pictures, the same for the same key."""


def _draw_in_turn(draw: Callable[..., Picture], num_labels: int) -> Draw:
    def draw_many(count: int, key: int, for_test: bool) -> Iterator[Picture]:
        for at in range(count):
            yield draw(at % num_labels, np.random.default_rng([key, at]), for_test=for_test)

    return draw_many


def _draw_digits(count: int, _key: int, for_test: bool) -> Iterator[Picture]:
    part = digits.load_part(digits.Part.EVALUATION if for_test else digits.Part.TRAIN)
    for ink, value in zip(part.ink[:count], part.values[:count], strict=True):
        page = 255 - digits.enlarge(ink, textures.SIDE_PX)
        yield Picture(np.repeat(page[..., None], 3, axis=2), (int(value),))


def _draw_scenes(count: int, key: int, for_test: bool) -> Iterator[Picture]:
    part = digits.load_part(digits.Part.EVALUATION if for_test else digits.Part.TRAIN)
    for at in range(count):
        scene = scenes.draw_scene(part, np.random.default_rng([key, at]))
        boxes = tuple((x / 128, y / 128, w / 128, h / 128) for x, y, w, h in (one.box for one in scene.placed))
        yield Picture(scene.pixels, tuple(one.digit for one in scene.placed), boxes)


def _draw_shapes(count: int, key: int, for_test: bool) -> Iterator[Picture]:
    for at in range(count):
        yield shapes.draw_shapes(np.random.default_rng([key, at]), for_test=for_test)


def _describe_drawn(
    name: str, labels: tuple[str, ...], boxed: bool, pool_images: int, test_images: int, draw: Draw
) -> BenchSet:
    def load(for_test: bool) -> Iterator[Picture]:
        return draw(test_images, _TEST_KEY, True) if for_test else draw(pool_images, _POOL_KEY, False)

    return BenchSet(name, labels, boxed, pool_images, test_images, load)


_DIGITS: Final = tuple("0123456789")
SETS: Final = {
    one.name: one
    for one in (
        _describe_drawn("digits", _DIGITS, False, 1437, 300, _draw_digits),
        _describe_drawn("letters", letters.LETTERS, False, 1040, 260, _draw_in_turn(letters.draw_letter, 26)),
        _describe_drawn("textures", textures.TEXTURES, False, 840, 280, _draw_in_turn(textures.draw_texture, 14)),
        _describe_drawn("digit-scenes", _DIGITS, True, 400, 200, _draw_scenes),
        _describe_drawn("shapes", shapes.SHAPES, True, 400, 200, _draw_shapes),
    )
}


def build_train(bench_set: BenchSet, shots: int, seed: int) -> list[Picture]:
    """Return what is trained on; raises ValueError where there are not so many images of a tag."""
    pool = list(bench_set.load(False))
    if shots == FULL:
        return pool
    order = np.random.default_rng([_CHOICE_KEY, seed]).permutation(len(pool))
    rows = choose_rows([pool[row].labels for row in order], shots, len(bench_set.labels))
    return [pool[order[row]] for row in rows]


def choose_rows(labels: list[tuple[int, ...]], shots: int, num_labels: int) -> list[int]:
    """Return the first images, in order, that show a tag which fewer than `shots` images before them show."""
    shown = np.zeros(num_labels, dtype=int)
    kept = []
    for row, tags in enumerate(labels):
        if any(shown[tag] < shots for tag in tags):
            kept.append(row)
            shown[list(set(tags))] += 1
    if shown.min() < shots:
        raise ValueError(f"a tag has only {shown.min()} images, not {shots}")
    return kept


def write_part(bench_set: BenchSet, shots: int | None, seed: int, root: pathlib.Path) -> pathlib.Path:
    """Write the test part (`shots` None) or a training part below `root` once; returns its COCO file."""
    name = "test" if shots is None else f"train-{shots}-{seed if shots else 0}"
    folder = root / f"v{VERSION}" / bench_set.name / name
    file = folder / "annotations.json"
    if not file.exists():
        part = list(bench_set.load(True)) if shots is None else build_train(bench_set, shots, seed)
        shutil.rmtree(folder, ignore_errors=True)
        _write(part, bench_set.labels, folder, file)
    return file


def write_parts(bench_set: BenchSet, shots: int, seed: int, root: pathlib.Path) -> tuple[pathlib.Path, pathlib.Path]:
    """Write the training part and the test part once; returns their COCO files."""
    return write_part(bench_set, shots, seed, root), write_part(bench_set, None, 0, root)


def _write(part: list[Picture], labels: tuple[str, ...], folder: pathlib.Path, file: pathlib.Path) -> None:
    (folder / "images").mkdir(parents=True)
    images: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    for number, picture in enumerate(part, start=1):
        name = f"images/{folder.name}-{number:04d}.png"
        Image.fromarray(picture.pixels).save(folder / name)
        height, width = picture.pixels.shape[:2]
        images.append({"id": number, "file_name": name, "width": width, "height": height})
        for at, label in enumerate(picture.labels):
            entry: dict[str, Any] = {"id": len(annotations) + 1, "image_id": number, "category_id": label + 1}
            if picture.boxes:
                entry["bbox"] = list(picture.boxes[at])
            annotations.append(entry)
    categories = [{"id": at + 1, "name": name} for at, name in enumerate(labels)]
    file.write_text(json.dumps({"images": images, "annotations": annotations, "categories": categories}))


@dataclass(frozen=True)
class Part:
    """A written part, decoded: what the baselines do where Darkroom reads the same files."""

    labels: tuple[str, ...]
    pictures: list[Picture]

    @property
    def boxed(self) -> bool:
        """Return whether it has boxes."""
        return any(picture.boxes for picture in self.pictures)


def read_part(file: pathlib.Path) -> Part:
    """Return what `write_part` wrote."""
    coco = json.loads(file.read_text())
    found: dict[int, list[dict[str, Any]]] = {image["id"]: [] for image in coco["images"]}
    for annotation in coco["annotations"]:
        found[annotation["image_id"]].append(annotation)
    part = []
    for image in coco["images"]:
        entries = found[image["id"]]
        pixels: pictures.Pixels = np.asarray(Image.open(file.parent / image["file_name"]).convert("RGB"))
        labels = tuple(entry["category_id"] - 1 for entry in entries)
        boxes = tuple((*entry["bbox"],) for entry in entries if "bbox" in entry)
        part.append(Picture(pixels, labels, boxes))
    return Part(tuple(entry["name"] for entry in coco["categories"]), part)
