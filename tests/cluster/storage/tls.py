"""A door with TLS before the cluster's S3 server, whose certificate no public authority gave."""

import contextlib
import pathlib

from hack.localcluster.state import NODE_ADDRESS, S3_ADDRESS, S3_PORT
from tests.support.storage import tls_door


def open_door(folder: pathlib.Path) -> contextlib.AbstractContextManager[tuple[str, str]]:
    """Return what yields the address of the door as pods see it, and its certificate."""
    return tls_door.open_door(folder, (S3_ADDRESS, S3_PORT), NODE_ADDRESS)
