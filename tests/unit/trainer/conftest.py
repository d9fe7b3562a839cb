"""A Model to train on squares, and time for real trainings."""

import pathlib
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.unit.trainer.tiny_runs import Bench

SLOW_SECONDS = 300
"""What a test that trains a real model may take on a machine that is shared."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give the tests that train a real model more time than others."""
    for item in items:
        if item.get_closest_marker("slow") and item.get_closest_marker("timeout") is None:
            item.add_marker(pytest.mark.timeout(SLOW_SECONDS))


@pytest.fixture
def bench(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> "Bench":
    """Return a Model to train on squares, in few steps and with networks alone."""
    from tests.unit.trainer.tiny_runs import make_bench

    return make_bench(tmp_path, monkeypatch)
