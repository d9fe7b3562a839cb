"""`python -m bench.data.big_sets`: loading, summing up and splitting sets of 1,000, 10,000 and 100,000 images.

Prints time and peak memory of each, in a process of its own, and ends with 1 where one grows faster than the data or is
over its bound. The images are small, so that what is measured is the bookkeeping and not the decoder.
"""

import json
import pathlib
import sys
import tempfile
import time
from typing import Any, Final

import numpy as np
from PIL import Image

from bench import side_by_side

SIZES: Final = (1_000, 10_000, 100_000)
TAGS: Final = 2_000
BOXES: Final = 10
SIDE_PX: Final = 24
MAX_BYTES: Final = 2_000_000_000
MAX_GROWTH: Final = 1.3
"""How much more than ten times as long ten times the data may take: the rest is the noise of a busy machine."""


def write_set(folder: pathlib.Path, images: int, tags: int = TAGS) -> None:
    """Write `images` pictures and a COCO file in which each has ten boxes of `tags` tags."""
    generator = np.random.default_rng(0)
    (folder / "i").mkdir(parents=True)
    numbers = np.arange(images * BOXES)
    boxes = np.concatenate([generator.uniform(0, 0.5, (len(numbers), 2)), np.full((len(numbers), 2), 0.4)], axis=1)
    for number in range(images):
        pixels = generator.integers(0, 256, (6, 6), dtype=np.uint8)
        Image.fromarray(pixels).resize((SIDE_PX, SIDE_PX), Image.Resampling.NEAREST).save(folder / f"i/{number}.png")
    document = {
        "images": [{"id": n, "width": SIDE_PX, "height": SIDE_PX, "file_name": f"i/{n}.png"} for n in range(images)],
        "annotations": [
            {"id": n, "image_id": n // BOXES, "category_id": n % tags, "bbox": box}
            for n, box in enumerate(boxes.round(4).tolist())
        ],
        "categories": [{"id": n, "name": f"tag {n}"} for n in range(tags)],
    }
    (folder / "train.json").write_text(json.dumps(document))


def read_set(folder: pathlib.Path, kind: str) -> dict[str, Any]:
    """Load, sum up and split a set as a training does; returns counts, seconds and this process's peak in bytes."""
    from darkroom_api.endpoints import OWN_MACHINE
    from darkroom_api.run_config import DatasetSource, StorageAccess
    from darkroom_api.v1alpha1.common import AnnotationKind
    from darkroom_trainer.data import annotations, loading, splitting
    from darkroom_trainer.data.inspection import advice, examination, summary
    from darkroom_trainer.runtime.reporting import SilentReporter

    uri = (folder / "train.json").as_uri()
    storage = StorageAccess(reach=OWN_MACHINE)
    source = DatasetSource(name="big", annotation_kind=AnnotationKind(kind), annotation_files=(uri,), storage=storage)
    began, cpu_began = time.monotonic(), time.process_time()
    examined = examination.examine_dataset(source, None, lambda *_: None, stop_at_annotations=False)
    told = summary.summarise(examined)
    assert not told.problem_count, told.problems[0]
    sizes = advice.summarise_sizes(examined.checked)
    del examined
    loaded = loading.load_dataset(source, folder / "work", SilentReporter())
    rows = np.arange(len(loaded.examples))
    by_label = source.annotation_kind is not AnnotationKind.DETECTION
    train, held_out = splitting.split_rows(loaded.examples, rows, 0, by_label=by_label)
    truths = annotations.build_truths(loaded, held_out)
    return {
        "images": told.images,
        "annotations": told.annotations,
        "tags": told.category_count,
        "advice": told.advice_count,
        "middle": sizes["width"]["middle"],
        "train": len(train),
        "truths": len(truths),
        "seconds": time.monotonic() - began,
        "cpu_seconds": time.process_time() - cpu_began,
        "peak_bytes": side_by_side.read_peak_bytes(),
    }


def measure(images: int, kind: str) -> dict[str, Any]:
    """Return what `read_set` does, of a set of `images` images that is made for it, in a fresh process."""
    with tempfile.TemporaryDirectory() as folder:
        side_by_side.run_alone("bench.data.big_sets", "write", f"{folder}/set", images)
        measured: dict[str, Any] = side_by_side.run_alone("bench.data.big_sets", "read", f"{folder}/set", kind)
        return measured


def main() -> int:
    """Print the table; returns 1 where a bound is passed."""
    kinds, is_good = ("imageObjectDetection", "imageMultilabelClassification"), True
    print(f"{'images':>8} {'annotations':>12} {'seconds':>8} {'CPU s':>8} {'peak MB':>8}  kind")
    for kind in kinds:
        before = None
        for images in SIZES:
            row = measure(images, kind)
            shown = f"{row['seconds']:8.1f} {row['cpu_seconds']:8.1f} {row['peak_bytes'] / 1e6:8.0f}"
            print(f"{images:8,} {row['annotations']:12,} {shown}  {kind}", flush=True)
            is_good &= row["peak_bytes"] <= MAX_BYTES
            if before is not None:
                is_good &= row["cpu_seconds"] <= 10 * MAX_GROWTH * before["cpu_seconds"]
                is_good &= row["peak_bytes"] <= 10 * MAX_GROWTH * before["peak_bytes"]
            before = row
    print(f"bounds: {MAX_BYTES / 1e6:,.0f} MB, no growth faster than the data: {'met' if is_good else 'NOT met'}")
    return 0 if is_good else 1


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["write", path, count]:
            write_set(pathlib.Path(path), int(count))
        case ["read", path, kind]:
            print(json.dumps(read_set(pathlib.Path(path), kind)))
        case _:
            sys.exit(main())
