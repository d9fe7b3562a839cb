"""What the operator can do: how fast it takes in many Models at once, and what it takes beside many that are over.

Prints two tables: the operator beside bare kopf handlers, in one run; and operators that start on clusters with so
many Models, nine of ten of which are over. Exits 1 when the operator misses a bar.

    python -m bench.operator [--models 1000] [--kept 1000 10000]

No number leaves a table out.
"""

import argparse
import asyncio
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from bench.operator.intake import measure_intake
from bench.operator.restart import measure_restart

Numbers = dict[str, float]


@dataclass(frozen=True)
class Bar:
    """How much there must be at least, or may be at most."""

    at_least: float = 0.0
    at_most: float = float("inf")

    def judge(self, value: float) -> str:
        """Return the verdict on a number."""
        shown = f">= {self.at_least:g}" if self.at_least else f"<= {self.at_most:g}"
        return f"   bar {shown} {'ok' if self.at_least <= value <= self.at_most else 'MISSED'}"


INTAKE_BARS: Final = {
    "models_per_second": Bar(at_least=100),
    "of_bare_kopf": Bar(at_least=0.8),
    "writes_per_model": Bar(at_most=3),
    "resident_mb": Bar(at_most=200),
}
RESTART_BARS: Final = {
    "watched_seconds": Bar(at_most=30),
    "peak_resident_mb": Bar(at_most=400),
    "rest_writes_per_minute": Bar(at_most=0),
    "rest_reads_of_one_per_minute": Bar(at_most=0),
}


def main() -> int:
    """Run the bench; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", type=int, nargs="?", default=1000, help="are created at once")
    parser.add_argument("--kept", type=int, nargs="*", default=[1000, 10_000], help="are there when an operator starts")
    options = parser.parse_args()
    met = True
    if options.models:
        met &= print_table(asyncio.run(measure_intake(options.models)), INTAKE_BARS)
    results = {}
    for models in options.kept:
        print(f"measuring an operator that starts beside {models} Models", flush=True)
        results[f"{models:,}"] = measure_restart(models)
    if results:
        met &= print_table(results, RESTART_BARS)
    return int(not met)


def print_table(results: Mapping[str, Numbers], bars: Mapping[str, Bar]) -> bool:
    """Print the columns side by side with the bars, which the last one must meet; returns whether it does."""
    print(f"{'':32}" + "".join(f"{name:>14}" for name in results))
    *_, judged = results.values()
    met = True
    for row, value in judged.items():
        verdict = bars[row].judge(value) if row in bars else ""
        met &= "MISSED" not in verdict
        cells = (f"{numbers[row]:14.2f}" if row in numbers else f"{'':14}" for numbers in results.values())
        print(f"{row:32}" + "".join(cells) + verdict)
    return met


if __name__ == "__main__":
    sys.exit(main())
