"""`python -m hack.tools.check_sizes`: the size and shape that code here may have; names every piece that is over.

Owns the argued exceptions. Looks at tracked files only.
"""

import ast
import pathlib
import subprocess
import sys
from collections.abc import Mapping
from typing import Final

from hack.tools import layout, lengths

EXCEPTIONS: Final = {
    "operator/darkroom_operator/reconcile.py": "calls every layer, in order: its story is that order",
    "operator/darkroom_operator/runtime.py": "makes every part of the operator and wires it to the others",
}
"""Files that may bring in more project modules than others, with the reason."""


def find_problems(texts: dict[str, str], exceptions: Mapping[str, str] = EXCEPTIONS) -> dict[str, list[str]]:
    """Return what is over the limits in `texts`, a text for each path, by rule."""
    trees = {path: ast.parse(text) for path, text in texts.items()}
    return {
        "lengths": lengths.find_long_pieces(texts, trees),
        "project modules": layout.find_wide_imports(trees, exceptions),
        "files in a folder": layout.find_crowded_folders(trees),
        "class names": layout.find_doubled_classes(trees),
        "file names": layout.find_doubled_files(trees),
        "tests": layout.find_unmirrored_tests(trees),
        "untested modules": layout.find_untested_modules(trees),
    }


def main() -> int:
    """Check the tracked Python files; returns the exit code."""
    tracked = subprocess.run(["git", "ls-files", "*.py"], capture_output=True, text=True, check=True).stdout.split()
    problems = find_problems({name: pathlib.Path(name).read_text() for name in tracked if pathlib.Path(name).exists()})
    broken = [problem for found in problems.values() for problem in found]
    print("\n".join(broken or [f"sizes: {len(tracked)} files within the house style"]))
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
