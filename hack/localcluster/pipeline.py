"""Everything from nothing, overlapped: the images wait for downloads while the Go programs use the processors."""

from concurrent.futures import ThreadPoolExecutor

from hack.localcluster import cluster
from hack.localcluster.host import packages
from hack.localcluster.images import product
from hack.localcluster.progress import step
from hack.localcluster.state import State


def run(state: State) -> None:
    packages.check_machine()
    state.create()
    with step("everything"), ThreadPoolExecutor(max_workers=1) as beside:
        packages.ensure()
        built = beside.submit(product.build_all, state)
        cluster.up(state)
        built.result()
        product.load_all(state)
