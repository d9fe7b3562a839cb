"""A pytest plugin for the tests of pure code, `-p tests.without_torch`: whatever imports torch fails by name.

Torch alone takes seconds to import; with it, the fast tests would not be fast.
"""

import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType


class Refusal(MetaPathFinder):
    """Stands before all finders."""

    def find_spec(self, name: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        """Find nothing, but refuse torch."""
        del path, target
        if name == "torch":
            raise ImportError("a fast test imports torch: name its file in NOT_FAST of the Makefile")
        return None


sys.meta_path.insert(0, Refusal())
