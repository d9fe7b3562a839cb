"""Folders of runs, and Models to run."""

from tests.support.server.fixtures import backend
from tests.support.server.runs import runs_folder

__all__ = ["backend", "runs_folder"]
