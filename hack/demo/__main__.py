"""`python -m hack.demo`: install, apply the examples, watch them, show the result, and ask a Model about an image.

With `down`: remove it all.
"""

import argparse
import pathlib
import sys
import time

from hack.demo import fallback, installation, predicting, samples, summary, watching
from hack.demo.target import CommandFailed, Target, TargetUnavailable, choose_target, stop_local_cluster

OUTPUT = pathlib.Path("demo-output")


def main() -> int:
    """Run the demo or remove it; the exit code is 0 only if everything succeeded."""
    parser = argparse.ArgumentParser(prog="python -m hack.demo", description=__doc__)
    parser.add_argument("action", nargs="?", choices=("up", "down"), default="up")
    action = parser.parse_args().action
    try:
        if action == "down":
            return _remove()
        target = choose_target()
    except TargetUnavailable as problem:
        print(f"No cluster for the demo: {problem}\nRunning the same manifests without one.", flush=True)
        return fallback.run_without_cluster()
    try:
        return _show(target)
    except CommandFailed as problem:
        print(f"The demo stopped: {problem}", file=sys.stderr, flush=True)
        return 1


def _show(target: Target) -> int:
    started = time.monotonic()
    installation.clear_resources(target)
    installation.prepare_namespace(target)
    samples.upload_samples(target)
    installation.install_chart(target)
    installation.apply_examples(target)
    settled = watching.watch_until_settled(target)
    summary.print_summary(target, settled, OUTPUT)
    predicting.predict_by_name(target, settled, OUTPUT)
    print(f"\nThe job itself took {time.monotonic() - started:.0f} s.  Stop with: make demo-down", flush=True)
    predicting.print_page(target)
    return 0 if all(resource.succeeded for resource in settled) else 1


def _remove() -> int:
    if stop_local_cluster():
        return 0
    installation.remove(choose_target())
    return 0


if __name__ == "__main__":
    sys.exit(main())
