"""`python -m hack.tools.check_sizes`: the size and shape that code here may have; names every piece that is over.

Owns the numbers of the house style. Looks at tracked files only.
"""

import ast
import pathlib
import statistics
import subprocess
import sys
from dataclasses import dataclass, field
from typing import Final

MAX_FILE_LINES: Final = 400
MAX_FUNCTION_LINES: Final = 80
MAX_MEDIAN_LINES: Final = 12
MAX_P90_LINES: Final = 45
MAX_IMPORTS: Final = 12


@dataclass
class Shape:
    """What was measured below one folder of the repository's root."""

    functions: list[int] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def measure_file(name: str, text: str) -> Shape:
    """Return the lengths of a file's functions and what is over the limits in it."""
    tree, shape = ast.parse(text), Shape()
    imports = sum(isinstance(node, ast.Import | ast.ImportFrom) for node in tree.body)
    if text.count("\n") > MAX_FILE_LINES:
        shape.problems.append(f"{name}: {text.count(chr(10))} lines, at most {MAX_FILE_LINES}")
    if imports > MAX_IMPORTS:
        shape.problems.append(f"{name}: {imports} imports, at most {MAX_IMPORTS}")
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            shape.functions.append(lines)
            if lines > MAX_FUNCTION_LINES:
                shape.problems.append(f"{name}:{node.lineno} {node.name}: {lines} lines, at most {MAX_FUNCTION_LINES}")
    return shape


def find_problems(files: dict[str, str]) -> list[str]:
    """Return what is over the limits in `files`, a text for each path, with the spread of each top folder."""
    folders: dict[str, Shape] = {}
    for name, text in files.items():
        measured, folder = measure_file(name, text), folders.setdefault(name.split("/")[0], Shape())
        folder.functions += measured.functions
        folder.problems += measured.problems
    problems = [problem for shape in folders.values() for problem in shape.problems]
    for name, shape in folders.items():
        problems += _find_spread_problems(name, sorted(shape.functions))
    return problems


def _find_spread_problems(name: str, lengths: list[int]) -> list[str]:
    if not lengths:
        return []
    median, p90 = statistics.median(lengths), lengths[int(0.9 * (len(lengths) - 1))]
    spread = f"{name}: functions have a median of {median:g} lines and a 90th percentile of {p90}"
    over = median > MAX_MEDIAN_LINES or p90 > MAX_P90_LINES
    return [f"{spread}, at most {MAX_MEDIAN_LINES} and {MAX_P90_LINES}"] if over else []


def main() -> int:
    """Check the tracked Python files; returns the exit code."""
    tracked = subprocess.run(["git", "ls-files", "*.py"], capture_output=True, text=True, check=True).stdout.split()
    problems = find_problems({name: pathlib.Path(name).read_text() for name in tracked if pathlib.Path(name).exists()})
    print("\n".join(problems) or f"sizes: {len(tracked)} files within the house style")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
