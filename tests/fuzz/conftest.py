"""A server with Models, for the fuzzer of its routes."""

from tests.support.server.fixtures import address, backend, images

__all__ = ["address", "backend", "images"]
