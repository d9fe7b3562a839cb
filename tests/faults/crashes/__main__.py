"""Print the whole crash matrix, or some lives of it; exits 1 when a point differs.

python -m tests.faults.crashes [LIFE...]
"""

import sys

from tests.faults.cluster.control_plane import start_plane
from tests.faults.crashes.lifecycles import LIVES
from tests.faults.crashes.matrix import run_matrix
from tests.faults.crashes.points import summarise


def main() -> int:
    """Run the lives that are named, all without a name; returns the exit code."""
    chosen = [life for life in LIVES if life.name in sys.argv[1:] or not sys.argv[1:]]
    with start_plane() as plane:
        points = run_matrix(plane, chosen)
    print(summarise(points))
    return int(any(point.problems for point in points))


if __name__ == "__main__":
    sys.exit(main())
