"""A server with Models and a folder of runs, for the fuzzer of its routes."""

import pathlib

import pytest

from tests.support.server.fixtures import address, images, publish_all
from tests.support.server.parts import ModelFolders
from tests.support.server.runs import open_local

__all__ = ["address", "images"]


@pytest.fixture(scope="session")
def backend(tmp_path_factory: pytest.TempPathFactory) -> ModelFolders:
    """Return where the Models and the runs are."""
    folder: pathlib.Path = tmp_path_factory.mktemp("fuzzed")
    found = publish_all(folder / "models")
    found.runs = open_local(folder / "runs")
    return found
