"""Entry point of `python3 -m hack.localcluster`."""

import sys

from hack.localcluster.cli import main

sys.exit(main())
