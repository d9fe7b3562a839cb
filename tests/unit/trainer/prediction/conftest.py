"""A finished model's folder, for the tests of this folder."""

from tests.support.model_folders import folder

__all__ = ["folder"]
