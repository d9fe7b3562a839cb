"""`python -m hack.azurite`: install Azurite where the tests look for it."""

import sys

from hack.azurite import installation
from hack.localcluster.progress import Refused


def main() -> int:
    """Return the exit code."""
    try:
        print(installation.ensure(), file=sys.stderr)
    except Refused as refused:
        print(refused, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
