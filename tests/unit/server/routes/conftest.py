"""A server with Models, for the tests of this folder."""

from tests.support.server.fixtures import address, backend, images

__all__ = ["address", "backend", "images"]
