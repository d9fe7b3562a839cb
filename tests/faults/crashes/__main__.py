"""Print the whole crash matrix, or some lifecycles of it; exits 1 when a point differs.

python -m tests.faults.crashes [LIFECYCLE...]
"""

import sys

from tests.faults.cluster.control_plane import start_fault_cluster
from tests.faults.crashes.lifecycles import LIFECYCLES
from tests.faults.crashes.matrix import run_matrix
from tests.faults.crashes.points import summarise


def main() -> int:
    """Run the lifecycles that are named, all without a name; returns the exit code."""
    chosen = [lifecycle for lifecycle in LIFECYCLES if lifecycle.name in sys.argv[1:] or not sys.argv[1:]]
    with start_fault_cluster() as cluster:
        points = run_matrix(cluster, chosen)
    print(summarise(points))
    return int(any(point.problems for point in points))


if __name__ == "__main__":
    sys.exit(main())
