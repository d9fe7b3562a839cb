"""`python -m bench.data.cache [IMAGES [WIDTH_PX]]`: a training's time to its first step, with and without the cache.

Each attempt is a process of its own, with an empty work folder as a new pod has it, that trains a detector on
photographs from a bucket (a real S3 server, on this machine). The first one is stopped once it trains and has
left its decoded images; it is resumed with the cache and without it, and another Model of the same data begins. Ends
with 1 where the resumed attempt takes more than a tenth of the first.
"""

import io
import json
import os
import pathlib
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Final

import numpy as np
from PIL import Image
from sklearn.datasets import load_sample_image

from bench import side_by_side
from darkroom_api.endpoints import OWN_MACHINE
from darkroom_api.run_config import (
    Command,
    DatasetSource,
    Location,
    PictureFolder,
    ResourceReference,
    RunConfig,
    StorageAccess,
    Weights,
)
from darkroom_api.v1alpha1.common import AnnotationKind, Task
from darkroom_storage.objects import Storage, open_storage
from tests.faults.storage import s3_server

IMAGES: Final = 10_000
MOST_OF_FIRST: Final = 0.1
BUDGET_SECONDS: Final = 4 * 3600.0
ROOT: Final = f"s3://{s3_server.BUCKET}"
WIDTH_PX: Final = 1280
FIRST_STEP: Final = "Training the hold-out model"
STAGES: Final = {"fetching": "Fetching", "timing": "Measuring the speed of this machine", "decoding": "Decoding"}
DISTINCT: Final = 200


class Watcher:
    """A reporter that notes when each stage began, and stops the run once it trains and nothing is written."""

    def __init__(self) -> None:
        self.stop = threading.Event()
        self.began_at: dict[str, float] = {}

    def update(self, *, stage: str, **_others: object) -> None:
        """Note the stage, by its first word."""
        self.began_at.setdefault(stage.partition(" images")[0], time.monotonic())
        is_writing = any(thread.name == "pictures" for thread in threading.enumerate())
        if stage == FIRST_STEP and not is_writing:
            self.stop.set()


def attempt(text: str, work: str) -> None:
    """Train until the first step; prints the seconds from the start of the process to it, and to other stages."""
    from darkroom_trainer.budget.meter import observe_process_start
    from darkroom_trainer.commands import engine
    from darkroom_trainer.runtime.logs import setup_json_logs

    setup_json_logs()
    began, watcher = observe_process_start(), Watcher()
    outcome = engine.execute(RunConfig.model_validate_json(text), pathlib.Path(work), watcher, watcher.stop)
    seconds = {stage: round(at - began, 2) for stage, at in watcher.began_at.items()}
    assert FIRST_STEP in seconds, outcome
    print(json.dumps(seconds))


def write_photographs(storage: Storage, count: int, width_px: int) -> None:
    """Write JPEG files, three wide for two high, no two of the same bytes, with a box in each.

    They are cut from two photographs in so many ways; what follows the end of a picture differs in each file.
    """
    height_px = width_px * 2 // 3
    pictures = [encode_photograph(number, width_px, height_px) for number in range(min(count, DISTINCT))]

    def write(number: int) -> None:
        data = pictures[number % DISTINCT] + str(number).encode()
        storage.write_bytes(f"{ROOT}/data/images/{number:06d}.jpg", data)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, range(count)))
    images = [
        {"id": n, "file_name": f"images/{n:06d}.jpg", "width": width_px, "height": height_px} for n in range(count)
    ]
    annotations = [{"id": n, "image_id": n, "category_id": n % 2, "bbox": [0.3, 0.3, 0.4, 0.4]} for n in range(count)]
    categories = [{"id": 0, "name": "left"}, {"id": 1, "name": "right"}]
    coco = {"images": images, "annotations": annotations, "categories": categories}
    storage.write_bytes(f"{ROOT}/data/train.json", json.dumps(coco).encode())


def encode_photograph(number: int, width_px: int, height_px: int) -> bytes:
    """Return a part of a photograph, enlarged, with the noise of a camera."""
    random = np.random.default_rng(number)
    source = load_sample_image(("china.jpg", "flower.jpg")[number % 2])
    width = int(random.integers(240, 420))
    left, top = int(random.integers(0, 640 - width)), int(random.integers(0, 427 - width * 2 // 3))
    part = Image.fromarray(source[top : top + width * 2 // 3, left : left + width])
    picture = np.asarray(part.resize((width_px, height_px), Image.Resampling.BICUBIC))
    noise = random.normal(0, 6, (height_px, width_px, 1))
    buffer = io.BytesIO()
    Image.fromarray(np.clip(picture + noise, 0, 255).astype(np.uint8)).save(buffer, "JPEG", quality=85)
    return buffer.getvalue()


def build_config(access: StorageAccess, model: str, number: int, *, is_cached: bool) -> RunConfig:
    """Return an attempt at training a Model, with the cache of images or without it."""
    source = DatasetSource(
        name="photographs",
        annotation_kind=AnnotationKind.DETECTION,
        annotation_files=(f"{ROOT}/data/train.json",),
        storage=access,
    )
    return RunConfig(
        command=Command.TRAIN,
        resource=ResourceReference(kind="Model", namespace="bench", name=model, uid=model),
        attempt=number,
        dataset=source,
        task=Task.DETECTOR,
        budget_seconds=BUDGET_SECONDS,
        weights=Weights(embedded=False),
        output=Location(uri=f"{ROOT}/out/models/{model}", storage=access),
        pictures=PictureFolder(uri=f"{ROOT}/out/pictures", storage=access, most_bytes=8 << 30) if is_cached else None,
    )


def measure(name: str, config: RunConfig, first_seconds: float | None = None) -> float:
    """Print the row of an attempt; returns the seconds to its first step."""
    with tempfile.TemporaryDirectory() as work:
        text = config.model_dump_json(by_alias=True)
        found: dict[str, float] = side_by_side.run_alone("bench.data.cache", "attempt", text, work)
    seconds = found[FIRST_STEP]
    cells = [f"{found[stage]:9.1f}" if stage in found else f"{'':>9}" for stage in STAGES.values()]
    ratio = f"{seconds / first_seconds:8.2f}" if first_seconds else f"{'':>8}"
    print(f"{name:>34} {' '.join(cells)} {seconds:11.1f} {ratio}", flush=True)
    return seconds


def main(count: int = IMAGES, width_px: int = WIDTH_PX) -> int:
    """Print the table; returns 1 where the resumed attempt is not fast enough."""
    keys = {"AWS_ACCESS_KEY_ID": s3_server.ROOT, "AWS_SECRET_ACCESS_KEY": s3_server.ROOT}
    os.environ |= {**keys, "AWS_EC2_METADATA_DISABLED": "true"}
    with tempfile.TemporaryDirectory() as folder, s3_server.start_s3(pathlib.Path(folder)) as server:
        access = StorageAccess(endpoint=server.address, region="us-east-1", reach=OWN_MACHINE)
        write_photographs(open_storage(access), count, width_px)
        print(f"{count:,} photographs of {width_px} x {width_px * 2 // 3} pixels; seconds since the process began")
        print(f"{'attempt':>34} {' '.join(f'{name:>9}' for name in STAGES)} {'first step':>11} {'of first':>8}")
        first = measure("the first, which fills the cache", build_config(access, "one", 1, is_cached=True))
        resumed = measure("resumed", build_config(access, "one", 2, is_cached=True), first)
        measure("resumed, without the cache", build_config(access, "one", 3, is_cached=False), first)
        measure("the first of another Model", build_config(access, "two", 1, is_cached=True), first)
        kept_bytes = sum(one.size for one in open_storage(access).iterate_objects(f"{ROOT}/out/pictures/"))
        print(f"in the cache: {kept_bytes / 1e6:,.0f} MB")
    is_good = resumed <= MOST_OF_FIRST * first
    print(f"bound of a resumed attempt: {MOST_OF_FIRST:g} of the first: {'met' if is_good else 'NOT met'}")
    return 0 if is_good else 1


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["attempt", text, work]:
            attempt(text, work)
        case sizes:
            sys.exit(main(*map(int, sizes)))
