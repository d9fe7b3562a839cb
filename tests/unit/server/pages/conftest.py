"""Servers for the tests of this folder: one with finished Models, and one over a folder that is empty before each."""

from tests.support.server.fixtures import address, backend, images
from tests.unit.server.routes.conftest import module_server, server

__all__ = ["address", "backend", "images", "module_server", "server"]
