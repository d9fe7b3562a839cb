"""`python -m hack.browser`: installs what the browser tests need and is missing."""

import sys

from hack.browser import installation
from hack.localcluster.progress import Refused


def main() -> int:
    """Return the exit code."""
    try:
        installation.ensure()
    except Refused as refused:
        print(refused, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
