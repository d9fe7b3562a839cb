"""The measurements of `bench.trainer`, each in a process of its own: prints one line of JSON.

`python -m bench.trainer.measurements loop BACKBONE SIZE BATCH ROUNDS`, `features BACKBONE SIZE BATCH ROUNDS`,
`loader FOLDER BACKBONE SIZE BATCH ROUNDS`, `write FOLDER COUNT`, `growth FOLDER COUNT`. Arms that are compared take
turns in short rounds of one process, so that what else the machine does falls on both.
"""

import json
import pathlib
import sys
import tempfile
import time
from collections.abc import Callable
from typing import Any, Final

from bench.trainer import arms as arms_of, frozen, loader, sets as sets
from darkroom_trainer.runtime import device as devices

GROWTH_PX: Final = 64
GROWTH_BATCH: Final = 64


def measure_loop(backbone: str, size_px: int, batch_size: int, rounds: int) -> dict[str, Any]:
    """Return images a second of the training loop, and of bare steps on one batch of floats that lies in memory."""
    device = devices.prepare_device()
    recipe = sets.build_recipe(backbone, size_px, batch_size)
    data = sets.draw_data(size_px, device)
    ours, bare = sets.build_learner(data, recipe, device), sets.build_learner(data, recipe, device)
    arms = {
        "loop": lambda count: arms_of.run_loop(ours, count),
        "synthetic": lambda count: arms_of.run_bare(bare, count),
    }
    return arms_of.compare(arms, batch_size, rounds, device)


def measure_growth(folder: str, count: int) -> dict[str, Any]:
    """Return seconds of reading, decoding and one pass over the images, and the peak memory of it all."""
    device = devices.prepare_device()
    recipe = sets.build_recipe("test_resnet", GROWTH_PX // 2, GROWTH_BATCH)
    before = arms_of.read_peak_bytes()
    with tempfile.TemporaryDirectory() as work:
        data, seconds = sets.load_files(pathlib.Path(folder), recipe.image_size_px, pathlib.Path(work), device)
        learner = sets.build_learner(data, recipe, device)
        arms_of.run_loop(learner, arms_of.WARM_UP_STEPS)
        began = time.monotonic()
        arms_of.run_loop(learner, count // GROWTH_BATCH)
        seconds["pass"] = time.monotonic() - began
    assert len(data.rows) == count
    return {"seconds": seconds, "peak": arms_of.read_peak_bytes(), "before": before}


def main(name: str, *words: str) -> None:
    """Run one measurement and print what it returns."""
    numbers = [int(word) if word.isdigit() else word for word in words]
    if name == "write":
        sets.write_folders(pathlib.Path(words[0]), *(int(word) for word in words[1:]))
        return
    measurements: dict[str, Callable[..., dict[str, Any]]] = {
        "loop": measure_loop,
        "features": frozen.measure_features,
        "loader": loader.measure_loader,
        "growth": measure_growth,
    }
    print(json.dumps(measurements[name](*numbers)))


if __name__ == "__main__":
    main(*sys.argv[1:])
