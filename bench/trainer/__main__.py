"""`python -m bench.trainer`: how fast the training loop is, what it needs, and how both grow with the data.

Prints its tables with their bars; ends with 1 where a bar is missed. `--quick`: fewer rounds, no 100,000 images.
The share by CPU seconds tells a busy machine from a slow loop: what else runs takes none of them.
"""

import argparse
import itertools
import math
import os
import pathlib
import statistics
import sys
import tempfile
from dataclasses import dataclass, field
from typing import Any, Final

from bench import side_by_side
from bench.trainer import image_settings

LEAST_SHARE: Final = 0.9
LEAST_GAIN: Final = 1.5
MOST_EXPONENT: Final = 1.0
NETWORKS: Final = (("test_resnet", 96, 32), ("resnet18", 128, 32))
FROZEN: Final = (("tf_efficientnet_lite0", 224, 8),)
FILES: Final = 640
PHOTO_PX: Final = (480, 360)
GROWTH_PX: Final = (64, 64)
SIZES: Final = (1_000, 10_000, 100_000)
MIB: Final = 1 << 20


@dataclass
class Bars:
    """Which bars were asked about, and which were missed."""

    missed: list[str] = field(default_factory=list)

    def judge(self, name: str, value: float, *, least: float | None = None, most: float | None = None) -> str:
        """Return how the value stands to its bar, in words."""
        is_met = (least is None or value >= least) and (most is None or value <= most)
        if not is_met:
            self.missed.append(name)
        bound = f">= {least:g}" if least is not None else f"<= {most:g}"
        return f"{value:.2f} (bar {bound}: {'ok' if is_met else 'missed'})"


def measure(*words: object) -> Any:
    """Run one measurement in a process of its own; returns what it printed."""
    environment = os.environ | image_settings.read_allocator_settings()
    return side_by_side.run_alone("bench.trainer.measurements", *words, environment=environment)


def compute_share(speeds: dict[str, list[float]], ours: str, theirs: str) -> float:
    """Return how many times as fast one arm is as the other: the median over rounds, each of neighbours in time."""
    return statistics.median(one / other for one, other in zip(speeds[ours], speeds[theirs], strict=True))


def compute_exponent(small: tuple[int, float], large: tuple[int, float]) -> float:
    """Return the power of the number of images that a cost grows with, from two (images, cost)."""
    return math.log(large[1] / small[1]) / math.log(large[0] / small[0])


def show_loop(rounds: int, bars: Bars) -> None:
    """Print the loop beside bare steps of the same network."""
    print("## The loop beside the same network, loss and optimizer on one batch of floats in memory\n")
    print("| network | loop, images/s | bare, images/s | share | share by CPU seconds | peak memory, MB |")
    print("|---|---|---|---|---|---|")
    for backbone, size_px, batch_size in NETWORKS:
        found = measure("loop", backbone, size_px, batch_size, rounds)
        share = bars.judge(f"loop {backbone}", compute_share(found["speeds"], "loop", "synthetic"), least=LEAST_SHARE)
        ours, bare = (statistics.median(found["speeds"][arm]) for arm in ("loop", "synthetic"))
        name = f"{backbone} {size_px} px, batch {batch_size}"
        thrift = compute_share(found["thrift"], "loop", "synthetic")
        print(f"| {name} | {ours:.0f} | {bare:.0f} | {share} | {thrift:.2f} | {found['peak'] / MIB:.0f} |", flush=True)
    print(f"\non {found['device']}\n")


def show_features(rounds: int, bars: Bars) -> None:
    """Print the features of frozen networks beside a bare forward."""
    print("## Features of frozen networks, from decoded images, beside a bare forward on a batch of floats in memory\n")
    print("| network | features, images/s | bare, images/s | share | share by CPU seconds |\n|---|---|---|---|---|")
    for backbone, size_px, batch_size in FROZEN:
        found = measure("features", backbone, size_px, batch_size, rounds)
        share = compute_share(found["speeds"], "features", "bare")
        told = bars.judge(f"features {backbone}", share, least=LEAST_SHARE)
        ours, bare = (statistics.median(found["speeds"][arm]) for arm in ("features", "bare"))
        thrift = compute_share(found["thrift"], "features", "bare")
        print(f"| {backbone} {size_px} px | {ours:.1f} | {bare:.1f} | {told} | {thrift:.2f} |", flush=True)
    print()


def show_loader(folder: pathlib.Path, rounds: int, bars: Bars) -> None:
    """Print the loop beside a torchvision DataLoader on the same files."""
    backbone, size_px, batch_size = NETWORKS[0]
    root = folder / "photos"
    measure("write", root, FILES, *PHOTO_PX)
    found = measure("loader", root, backbone, size_px, batch_size, rounds)
    width, height = PHOTO_PX
    print(f"## After the first epoch: {FILES} JPEG files of {width} x {height} px, {backbone} at {size_px} px\n")
    print("| | ours, images/s | DataLoader with 2 processes, images/s | ours is faster |\n|---|---|---|---|")
    for name, suffix in (("training", ""), ("input alone", ", input alone")):
        ours, theirs = f"loop{suffix}", f"loader{suffix}"
        gain = bars.judge(name, compute_share(found["speeds"], ours, theirs), least=LEAST_GAIN)
        speeds = [statistics.median(found["speeds"][arm]) for arm in (ours, theirs)]
        print(f"| {name} | {speeds[0]:.0f} | {speeds[1]:.0f} | {gain} |", flush=True)
    print()


def show_growth(folder: pathlib.Path, sizes: tuple[int, ...], bars: Bars) -> None:
    """Print what a run on more and more images costs, and the power that it grows with."""
    print(
        f"## Reading, decoding and one pass over images of {GROWTH_PX[0]} px (test_resnet at {GROWTH_PX[0] // 2} px)\n"
    )
    print("| images | read and check, s | decode, s | one pass, s | together, s | peak memory, MB | of it data, MB |")
    print("|---|---|---|---|---|---|---|")
    times: list[tuple[int, float]] = []
    peaks: list[tuple[int, float]] = []
    for count in sizes:
        root = folder / f"growth-{count}"
        measure("write", root, count, *GROWTH_PX)
        found = measure("growth", root, count)
        parts = [found["seconds"][part] for part in ("read", "decode", "pass")]
        own = found["peak"] - found["before"]
        times.append((count, sum(parts)))
        peaks.append((count, found["peak"]))
        cells = " | ".join(f"{part:.1f}" for part in (*parts, sum(parts)))
        print(f"| {count:,} | {cells} | {found['peak'] / MIB:.0f} | {own / MIB:.0f} |", flush=True)
    print()
    for name, costs in (("time", times), ("peak memory", peaks)):
        steps = [f"{compute_exponent(small, large):.2f}" for small, large in itertools.pairwise(costs)]
        whole = bars.judge(f"growth of {name}", compute_exponent(costs[0], costs[-1]), most=MOST_EXPONENT)
        print(f"- {name}: images to the power of {whole}; from row to row {', '.join(steps)}")
    print()


def main(arguments: argparse.Namespace) -> int:
    """Print the tables; returns 1 where a bar is missed."""
    bars, rounds = Bars(), 5 if arguments.quick else 9
    sizes = SIZES[:-1] if arguments.quick else SIZES
    with tempfile.TemporaryDirectory() as folder:
        if "loop" in arguments.only:
            show_loop(rounds, bars)
        if "features" in arguments.only:
            show_features(rounds, bars)
        if "loader" in arguments.only:
            show_loader(pathlib.Path(folder), rounds, bars)
        if "growth" in arguments.only:
            show_growth(pathlib.Path(folder), sizes, bars)
    print(f"missed: {', '.join(bars.missed)}" if bars.missed else "every bar is met")
    return 1 if bars.missed else 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer rounds, no 100,000 images")
    parts = ("loop", "features", "loader", "growth")
    parser.add_argument("--only", nargs="+", choices=parts, default=list(parts), help="measure these parts alone")
    sys.exit(main(parser.parse_args()))
