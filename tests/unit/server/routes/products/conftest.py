"""Folders of runs."""

from tests.support.server.runs import runs_folder

__all__ = ["runs_folder"]
