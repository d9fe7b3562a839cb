"""Storage of a run on its user's own machine: local files, and buckets of this machine."""

import pathlib
from typing import Final

from darkroom_api.endpoints import OWN_MACHINE, Reach
from darkroom_api.run_config import Location, StorageAccess

LOCAL: Final = StorageAccess(reach=OWN_MACHINE)


def a_local_place(folder: pathlib.Path) -> Location:
    """Return a folder of this machine as a run is told of it."""
    return Location(uri=folder.as_uri(), storage=LOCAL)


def a_listing(*endpoints: str, own_machine: bool = True) -> Reach:
    """Return what reaches these endpoints besides public ones."""
    return Reach(allowed_endpoints=endpoints, own_machine=own_machine)
