"""Everything that the cluster's processes are started from: Debian packages and Go programs. Starts none of them."""

from hack.localcluster.host import binaries, packages
from hack.localcluster.host.locks import locked
from hack.localcluster.state import State


def build(state: State) -> None:
    packages.check_machine()
    state.create()
    with locked(state, "build"):
        packages.ensure()
        binaries.ensure(state)
