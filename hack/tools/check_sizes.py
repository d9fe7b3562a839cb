"""`python -m hack.tools.check_sizes`: the size and shape that code here may have; names every piece that is over.

Owns the argued exceptions, and what is still allowed until the code meets a rule. Looks at tracked files only.
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

NOT_YET: Final = {"untested modules": 4}
"""How many problems of a rule are let pass until the code meets it: only ever lowered, and this table goes at zero."""


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


def judge(problems: dict[str, list[str]], allowed: dict[str, int]) -> tuple[list[str], list[str]]:
    """Return the problems of rules that have more of them than is allowed, and what to know of the others."""
    broken, notes = [], []
    for rule, found in problems.items():
        limit = allowed.get(rule, 0)
        if len(found) > limit:
            broken += found
            if limit:
                broken.append(
                    f"{rule}: {len(found)} problems, and NOT_YET lets {limit} pass: fix what came in addition"
                )
        elif limit:
            lower = f"; lower NOT_YET to {len(found)}" if len(found) < limit else ""
            notes.append(f"{rule}: {len(found)} problems let pass for now{lower}")
    return broken, notes


def main() -> int:
    """Check the tracked Python files; returns the exit code. `--all` names what is let pass, too."""
    tracked = subprocess.run(["git", "ls-files", "*.py"], capture_output=True, text=True, check=True).stdout.split()
    problems = find_problems({name: pathlib.Path(name).read_text() for name in tracked if pathlib.Path(name).exists()})
    broken, notes = judge(problems, {} if "--all" in sys.argv else NOT_YET)
    print("\n".join([*broken, *notes] if broken or notes else [f"sizes: {len(tracked)} files within the house style"]))
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
