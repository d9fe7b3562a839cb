"""A server with one finished Model of each task, three that have not finished, and one of another namespace.

For the `conftest.py` of the tests of routes: each test module takes what it needs by name.
"""

import pathlib
from collections.abc import Iterator

import pytest

from darkroom_api.conditions import Reason, RunPhase
from darkroom_api.v1alpha1.common import Task
from darkroom_server.app import build_app
from darkroom_server.config import BodyLimits, FetchLimits, ServerConfig
from tests.support.server.images import ImageHost, serving_images
from tests.support.server.models import a_stored_model, draw, publish
from tests.support.server.parts import ModelFolders, some_parts
from tests.support.server.running import running

RED = draw(fill="red")
LIMITS = BodyLimits(image_bytes=4_000_000, seconds=1)


@pytest.fixture(scope="session")
def images() -> Iterator[ImageHost]:
    """Return a host of images that the server may fetch from."""
    with serving_images({"/red.png": RED, "/page.html": b"<html>"}) as host:
        yield host


@pytest.fixture(scope="session")
def backend(tmp_path_factory: pytest.TempPathFactory) -> ModelFolders:
    """Return where the Models are."""
    return publish_all(tmp_path_factory.mktemp("models"))


def publish_all(folder: pathlib.Path) -> ModelFolders:
    """Return Models below a folder: each finished one is named as its task, in small letters."""
    backend = ModelFolders()
    for task in Task:
        publish(backend, folder, task.value.lower(), task)
    backend.models["young"] = a_stored_model("young", phase=RunPhase.TRAINING, reason=Reason.PULLING_IMAGE, digest=None)
    backend.models["dead"] = a_stored_model("dead", phase=RunPhase.FAILED, reason=Reason.TRAINING_DIVERGED, digest=None)
    backend.models["sown"] = a_stored_model("sown", Task.PRODUCT_RECOGNIZER, phase=RunPhase.TRAINING, digest=None)
    backend.models["elsewhere"] = a_stored_model("elsewhere", namespace="other")
    return backend


@pytest.fixture(scope="session")
def address(backend: ModelFolders, images: ImageHost) -> Iterator[str]:
    """Return the server's address."""
    config = ServerConfig(LIMITS, fetching=FetchLimits(allowed_prefixes=(f"{images.url}/",)))
    with running(build_app(some_parts(backend, config))) as address:
        yield address
