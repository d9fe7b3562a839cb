"""`python -m bench.gpu`: what a machine with a GPU makes of few images, in at most 8 minutes; its CPU form is a check.

Three tables: images a second of networks with and without bf16; Darkroom's loop and its frozen features beside bare
ones; and cells of `bench.fewshot`, the embedded weights beside random networks, on wall time. A cell that would end
after the limit is left out, and said so. Needs neither a network nor an installed Darkroom, but its folders on
PYTHONPATH and the packages of the extra `trainer`.

    python -m bench.gpu [--device cuda|cpu] [--quick] [--photos DIR] [--minutes 8] [--folder .bench/gpu]
"""

import argparse
import os
import pathlib
import statistics
import sys
import time
from typing import Final

from bench.fewshot import photographs, run_cell
from bench.fewshot.cells import Cell, ResultFile
from bench.fewshot.sets import SETS, write_parts

FOLDER: Final = pathlib.Path(".bench/gpu")
METHODS: Final = ("darkroom", "darkroom:random", "darkroom:resnet18", "darkroom:convnext_atto")
"""The search with the embedded weights, and without; two networks by name, whose weights are not there."""
NETWORKS: Final = ("resnet18", "convnext_atto", "tf_efficientnet_lite0")
DRAWN_CELLS: Final = (("textures", 5, 20.0), ("shapes", 5, 45.0))
PHOTO_CELLS: Final = (("clothing", 5, 20.0), ("tools", 5, 45.0))
QUICK_CELLS: Final = (("textures", 2, 20.0),)
AROUND_SECONDS: Final = 10.0


def main() -> int:
    """Run the bench; returns the exit code."""
    options = _parse_arguments()
    ends_at = time.monotonic() + 60 * options.minutes
    if options.device == "cpu":
        os.environ["CUDA_VISIBLE_DEVICES"] = ""
    import torch

    if options.device == "cuda" and not torch.cuda.is_available():
        raise SystemExit("--device cuda: torch sees no GPU here; --device cpu --quick checks the script without one")
    show_speeds(quick=options.quick)
    show_shares(quick=options.quick)
    return int(not run_cells(options, ends_at))


def _parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", choices=["cuda", "cpu"], default="cuda")
    parser.add_argument("--quick", action="store_true", help="little of everything, to check the script")
    parser.add_argument("--photos", type=pathlib.Path, help="a folder with the sets `clothing` and `tools`")
    parser.add_argument("--minutes", type=float, default=8.0, help="no cell is begun that would end later")
    parser.add_argument("--folder", type=pathlib.Path, default=FOLDER, help="where data and results are kept")
    return parser.parse_args()


def show_speeds(*, quick: bool) -> None:
    """Print images a second of each network."""
    from bench.gpu import speeds
    from darkroom_trainer.runtime.device import prepare_device

    device = prepare_device()
    # Most CPUs imitate bf16: a forward at 224 px takes twenty times as long.
    size_px, batch_size, seconds = (224, 256, 2.0) if device.is_gpu else (64, 2, 0.5)
    found = [
        speeds.measure_speed(name, size_px, batch_size, device, seconds, train=train)
        for name in NETWORKS[: 1 if quick else None]
        for train in (False, True)
    ]
    print(f"## Networks on {device.description}\n\n{speeds.format_speeds(found)}\n", flush=True)


def show_shares(*, quick: bool) -> None:
    """Print how Darkroom's loop and features stand to bare ones."""
    from bench.trainer import __main__ as trainer, frozen, measurements

    rounds = 1 if quick else 3
    print("## Darkroom beside bare steps and forwards\n")
    print("| | Darkroom, images/s | bare, images/s | ratio |\n|---|---|---|---|")
    cases = [("features", frozen.measure_features("tf_efficientnet_lite0", 224, 8, rounds), "bare")]
    if not quick:
        cases.append(("loop", measurements.measure_loop("resnet18", 128, 128, rounds), "synthetic"))
    for ours, found, bare in cases:
        speeds = found["speeds"]
        one, other = statistics.median(speeds[ours]), statistics.median(speeds[bare])
        print(f"| {ours} | {one:.0f} | {other:.0f} | {trainer.compute_share(speeds, ours, bare):.2f} |", flush=True)


def run_cells(options: argparse.Namespace, ends_at: float) -> bool:
    """Measure the cells in this process and print them; returns whether all of them were measured."""
    sets = SETS if options.photos is None else photographs.find_sets(options.photos)
    cells = QUICK_CELLS if options.quick else DRAWN_CELLS if options.photos is None else PHOTO_CELLS
    methods = METHODS[:2] if options.quick else METHODS
    file, left_out = ResultFile(options.folder / "results.jsonl"), 0
    print("\n## Few images\n", flush=True)
    for name, shots, budget in cells:
        for method in methods:
            cell = Cell(name, shots, 0, method, budget)
            if time.monotonic() + budget + AROUND_SECONDS > ends_at:
                print(f"- {cell.key}: left out, it would end after the limit of {options.minutes:g} min", flush=True)
                left_out += 1
                continue
            train, test = write_parts(sets[name], shots, 0, options.folder / "data")
            row = run_cell.measure(cell, train, test, time.monotonic)
            file.append(row)
            print(f"- {row.describe()}, {row.details.get('backbone')}", flush=True)
    return not left_out


if __name__ == "__main__":
    sys.exit(main())
