"""Print the whole crash matrix, or some lives of it; exits 1 when a point differs.

python -m tests.faults.print_crash_matrix [LIFE...]
"""

import sys

from tests.faults.crash_matrix import run_matrix
from tests.faults.crash_points import summarise
from tests.faults.lives import LIVES
from tests.faults.plane import start_plane


def main() -> int:
    """Run the lives that are named, all without a name; returns the exit code."""
    chosen = [life for life in LIVES if life.name in sys.argv[1:] or not sys.argv[1:]]
    with start_plane() as plane:
        points = run_matrix(plane, chosen)
    print(summarise(points))
    return int(any(point.problems for point in points))


if __name__ == "__main__":
    sys.exit(main())
