"""The node as the tests change it: how many GPUs it says it has, and which image names it knows."""

import time
from typing import Final

import pytest

from hack.localcluster.host import runtime
from hack.localcluster.state import NODE, State
from tests.cluster.api.connection import Connection

GPU: Final = "nvidia.com/gpu"
_CAPACITY: Final = "/status/capacity/nvidia.com~1gpu"


def set_gpus(connection: Connection, count: int, seconds: float = 30) -> None:
    """Patch the node's number of GPUs, and wait until the scheduler may count on it."""
    connection.edit("Node", NODE, [{"op": "add", "path": _CAPACITY, "value": str(count)}], "status")
    deadline = time.monotonic() + seconds
    while connection.get("Node", NODE)["status"]["allocatable"].get(GPU) != str(count):
        if time.monotonic() > deadline:
            pytest.fail(f"the kubelet did not take over {count} GPUs in {seconds:.0f} s")
        time.sleep(0.3)


def tag_image(state: State, image: str, name: str) -> None:
    """Give an image that the node holds another name."""
    runtime.ctr(state, "images", "tag", "--force", image, name)


def remove_image_name(state: State, name: str) -> None:
    """Take a name from an image that the node holds; the image stays under its other names."""
    if name in runtime.image_digests(state):
        runtime.ctr(state, "images", "rm", "--sync", name)
