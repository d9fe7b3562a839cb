"""Servers for the tests of this folder: one with Models, and one over a folder that is empty before each test."""

import pathlib
from collections.abc import Iterator

import pytest

from tests.support.server.fixtures import address, backend, images
from tests.support.server.local import OTHER_NAMESPACE, LocalServer, serving
from tests.support.server.parts import NAMESPACE

__all__ = ["address", "backend", "images"]


@pytest.fixture(scope="module")
def module_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalServer]:
    folder: pathlib.Path = tmp_path_factory.mktemp("served") / "state"
    with serving(folder) as served:
        yield served


@pytest.fixture
def server(module_server: LocalServer) -> LocalServer:
    for namespace in (NAMESPACE, OTHER_NAMESPACE):
        module_server.forget_all(namespace)
    return module_server
