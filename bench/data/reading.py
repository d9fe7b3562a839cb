"""`python -m bench.data.reading`: time and peak memory of reading a million annotations, each in a process.

Ends with 1 where either is over its bound. Prints one row for each size, to show that both grow with the data.
"""

import json
import pathlib
import sys
import tempfile
import time
from typing import Final

import numpy as np

from bench import side_by_side

MAX_SECONDS: Final = 20.0
MAX_BYTES: Final = 2_000_000_000
SIZES: Final = (10_000, 100_000, 1_000_000)


def write_annotations(path: pathlib.Path, count: int) -> None:
    """Write a COCO file of `count` boxes in pixels, ten an image."""
    boxes = np.random.default_rng(0).uniform(10, 200, (count, 4)).round(2).tolist()
    with path.open("w") as file:
        file.write('{"images": [')
        entries = ({"id": n, "width": 640, "height": 480, "file_name": f"i/{n:07d}.jpg"} for n in range(count // 10))
        file.write(",".join(map(json.dumps, entries)) + '], "annotations": [')
        rows = (
            {"id": n, "image_id": n // 10, "category_id": n % 80, "bbox": box, "area": 0.0, "iscrowd": 0}
            for n, box in enumerate(boxes)
        )
        file.write(",".join(map(json.dumps, rows)) + '], "categories": ')
        file.write(json.dumps([{"id": n, "name": f"tag {n}"} for n in range(80)]) + "}")


def read_once(path: pathlib.Path) -> None:
    """Read a file as an inspection does; prints seconds, CPU seconds and this process's peak of resident bytes."""
    from darkroom_api.run_config import DatasetSource
    from darkroom_api.v1alpha1.common import AnnotationKind
    from darkroom_trainer.data.coco.merging import build_catalog
    from darkroom_trainer.data.records.findings import Findings

    source = DatasetSource(
        name="bench", annotation_kind=AnnotationKind.DETECTION, annotation_files=("s3://bench/train.json",)
    )
    began, cpu_began, findings = time.monotonic(), time.process_time(), Findings()
    catalog = build_catalog([path.read_bytes()], source, findings)
    seconds, cpu_seconds = time.monotonic() - began, time.process_time() - cpu_began
    peak_bytes = side_by_side.read_peak_bytes()
    assert not findings.problem_count, findings.problems[0]
    print(json.dumps([catalog.annotations, seconds, cpu_seconds, peak_bytes]))


def measure(count: int) -> tuple[float, float, int]:
    """Return seconds, CPU seconds and peak bytes of reading `count` annotations in a fresh process."""
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "train.json"
        side_by_side.run_alone("bench.data.reading", "write", path, count)
        read, seconds, cpu_seconds, peak_bytes = side_by_side.run_alone("bench.data.reading", "read", path)
        assert read == count
        return seconds, cpu_seconds, peak_bytes


def main() -> int:
    """Print the table; returns 1 where the largest file is over a bound."""
    print(f"{'annotations':>12} {'seconds':>8} {'CPU s':>8} {'peak MB':>8}")
    for count in SIZES:
        seconds, cpu_seconds, peak_bytes = measure(count)
        print(f"{count:12,} {seconds:8.1f} {cpu_seconds:8.1f} {peak_bytes / 1e6:8.0f}", flush=True)
    # CPU seconds, which are seconds on an idle machine: one thread reads, and nothing waits.
    is_good = cpu_seconds <= MAX_SECONDS and peak_bytes <= MAX_BYTES
    print(f"bounds: {MAX_SECONDS:.0f} CPU s, {MAX_BYTES / 1e6:,.0f} MB: {'met' if is_good else 'NOT met'}")
    return 0 if is_good else 1


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["write", path, count]:
            write_annotations(pathlib.Path(path), int(count))
        case ["read", path]:
            read_once(pathlib.Path(path))
        case _:
            sys.exit(main())
