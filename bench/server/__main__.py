"""`python -m bench.server`: how many images a second the server answers about, how soon, and what it keeps.

Beside it, in the same run: a bare onnxruntime session in a loop, with the image already decoded, which is the limit,
and the same file behind a plain handler. Prints tables with their bars; ends with 1 where a bar is missed.
"""

import argparse
import contextlib
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from bench.clusters.ports import find_free_port
from bench.server.clients import Load
from bench.server.pictures import SIDE_PX, draw_photo, draw_pixels
from darkroom_predict.description import ONNX_NAME
from darkroom_predict.onnx_predictor import open_onnx
from darkroom_predict.onnx_session import build_input
from darkroom_predict.resizing import decode_bytes

LEAST_SHARE: Final = 0.85
MOST_P99: Final = 4.0
MOST_GROWTH_MIB: Final = 20.0
JUDGED_CLIENTS: Final = 4
CLIENTS: Final = (1, 4, 16)
BARE_SECONDS: Final = 2.0
ROUNDS: Final = 3
WARM_REQUESTS: Final = 1000
"""Before the memory is first measured: buffers and caches have their size by then."""
PATH: Final = "/computervision/imageanalysis:analyze?api-version=2023-04-01-preview&model-name=model"
PROGRAMS: Final = {
    "darkroom": ("darkroom_server", "--model-folder", "{folder}", "--port", "{port}", "--probe-port", "{other}"),
    "plain": ("bench.server.plain", "{folder}", "{port}"),
}


@dataclass(frozen=True)
class Bare:
    """A session in a loop: images a second, and CPU milliseconds an image, which a busy machine changes less."""

    images_per_second: float
    cpu_ms: float


def main() -> int:
    """Measure what is asked for; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m bench.server")
    parser.add_argument("--models", type=pathlib.Path, help="folder that keeps the models from one run to the next")
    parser.add_argument("--requests", type=int, default=400, help="requests of each round")
    parser.add_argument("--soak", type=int, default=10_000, help="requests between the measurements of memory; 0: none")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        models = options.models or pathlib.Path(name)
        # In a process of its own: torch would keep its threads and memory in this one.
        subprocess.run([sys.executable, "-m", "bench.server.networks", str(models)], check=True)
        missed = [
            problem for model in ("classifier", "detector") for problem in measure(models / model, options.requests)
        ]
        if options.soak:
            missed += measure_memory(models / "classifier", options.soak)
    print("\n".join(f"missed: {problem}" for problem in missed) or "all bars met")
    return 1 if missed else 0


def measure(folder: pathlib.Path, num_requests: int) -> list[str]:
    """Print the table of one model; returns the bars that were missed."""
    predictor = open_onnx(folder / ONNX_NAME, None)
    images, photo = build_input(draw_pixels(1)), draw_photo()
    bare = measure_loop(lambda: predictor.session.run(images))
    decoded = measure_loop(lambda: predictor.predict(decode_bytes(photo, SIDE_PX)[None]))
    print(f"\n{folder.name}\n\n| What | Clients | Images/s | Of the bare session | p50 ms | p99 ms | CPU ms an image |")
    print("|---|---|---|---|---|---|---|")
    for name, loop in (("bare session", bare), ("the same, with decoding", decoded)):
        share = loop.images_per_second / bare.images_per_second
        print(f"| {name} | | {loop.images_per_second:.1f} | {share:.2f} | | | {loop.cpu_ms:.1f} |")
    missed = []
    for program in PROGRAMS:
        with running(program, folder) as (port, pid):
            drive(port, 4, 100)
            for clients in CLIENTS:
                began = read_cpu_seconds(pid)
                load, share = measure_load(lambda: predictor.session.run(images), port, clients, num_requests)
                cpu_ms = (read_cpu_seconds(pid) - began) * 1000 / (ROUNDS * num_requests)
                cells = (f"{load.images_per_second:.1f}", f"{share:.2f}", f"{load.p50_ms:.1f}", f"{load.p99_ms:.1f}")
                print(f"| {program} | {clients} | {' | '.join(cells)} | {cpu_ms:.1f} |", flush=True)
                if program == "darkroom" and clients == JUDGED_CLIENTS:
                    missed += judge(folder.name, load, share)
    return missed


def measure_load(bare: Callable[[], object], port: int, clients: int, num_requests: int) -> tuple[Load, float]:
    """Return the round whose share of the bare session is the median one, and that share.

    The bare session is measured anew before and after each round: a shared machine changes its speed in between.
    """
    rounds, before = [], measure_loop(bare).images_per_second
    for _ in range(ROUNDS):
        load = drive(port, clients, num_requests)
        after = measure_loop(bare).images_per_second
        rounds.append((load.images_per_second * 2 / (before + after), load))
        before = after
    share, load = sorted(rounds, key=lambda found: found[0])[ROUNDS // 2]
    return load, share


def judge(model: str, load: Load, share: float) -> list[str]:
    """Return the bars that a load misses."""
    missed = [] if share >= LEAST_SHARE else [f"{model}: {share:.2f} of the bare session, at least {LEAST_SHARE}"]
    if load.p99_ms > MOST_P99 * load.p50_ms:
        missed.append(f"{model}: p99 is {load.p99_ms / load.p50_ms:.1f} times p50, at most {MOST_P99:g}")
    return [*missed, *([f"{model}: {load.failures} requests failed"] if load.failures else [])]


def measure_loop(job: Callable[[], object]) -> Bare:
    """Return how fast `job` is in a loop of this process, with all threads for each image."""
    for _ in range(10):
        job()
    began, began_cpu, count = time.perf_counter(), time.process_time(), 0
    while time.perf_counter() - began < BARE_SECONDS:
        job()
        count += 1
    seconds = time.perf_counter() - began
    return Bare(count / seconds, (time.process_time() - began_cpu) * 1000 / count)


def measure_memory(folder: pathlib.Path, num_requests: int) -> list[str]:
    """Print what the server's memory grows by; returns the bar if it was missed."""
    with running("darkroom", folder) as (port, pid):
        drive(port, JUDGED_CLIENTS, WARM_REQUESTS)
        before = read_memory_mib(pid)
        load = drive(port, JUDGED_CLIENTS, num_requests)
        after = read_memory_mib(pid)
    print(f"\nmemory: {before:.0f} MiB after {WARM_REQUESTS:,} requests, {after:.0f} MiB after {num_requests:,} more")
    missed = (
        [f"memory grew by {after - before:.1f} MiB, at most {MOST_GROWTH_MIB:g}"]
        if after - before > MOST_GROWTH_MIB
        else []
    )
    return [*missed, *([f"memory: {load.failures} requests failed"] if load.failures else [])]


def read_cpu_seconds(pid: int) -> float:
    """Return what a process has computed, in seconds of one CPU."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def read_memory_mib(pid: int) -> float:
    """Return the resident memory of a process."""
    fields = pathlib.Path(f"/proc/{pid}/status").read_text().split("VmRSS:")[1].split()
    return int(fields[0]) / 1024


def drive(port: int, num_clients: int, num_requests: int) -> Load:
    """Return what clients of another process see."""
    arguments = (str(port), PATH, str(num_clients), str(num_requests))
    command = [sys.executable, "-m", "bench.server.clients", *arguments]
    done = subprocess.run(command, input=draw_photo(), stdout=subprocess.PIPE, check=True)
    return Load(**json.loads(done.stdout))


@contextlib.contextmanager
def running(program: str, folder: pathlib.Path) -> Iterator[tuple[int, int]]:
    """Run a server for the block; yields its port and its process id."""
    port, other = find_free_port(), find_free_port()
    arguments = [text.format(folder=folder, port=port, other=other) for text in PROGRAMS[program]]
    process = subprocess.Popen([sys.executable, "-m", *arguments])
    try:
        _await(f"http://127.0.0.1:{port}/v2/health/live")
        yield port, process.pid
    finally:
        process.kill()
        process.wait()


def _await(url: str) -> None:
    for _ in range(600):
        with contextlib.suppress(OSError), urllib.request.urlopen(url, timeout=5):
            return
        time.sleep(0.1)
    raise SystemExit(f"{url} does not answer")


if __name__ == "__main__":
    sys.exit(main())
