"""How long files and functions may be, and what is over. Pure: reads texts, never files."""

import ast
import statistics
from dataclasses import dataclass, field
from typing import Final

MAX_FILE_LINES: Final = 400
MAX_FUNCTION_LINES: Final = 80
MAX_MEDIAN_LINES: Final = 12
MAX_P90_LINES: Final = 45


@dataclass
class Shape:
    """What was measured below one folder of the repository's root."""

    functions: list[int] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def measure_file(name: str, text: str, tree: ast.Module) -> Shape:
    """Return the lengths of a file's functions and what is over the limits in it."""
    shape = Shape()
    if text.count("\n") > MAX_FILE_LINES:
        shape.problems.append(f"{name}: {text.count(chr(10))} lines, at most {MAX_FILE_LINES}: split it by subject")
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            shape.functions.append(lines)
            if lines > MAX_FUNCTION_LINES:
                where = f"{name}:{node.lineno} {node.name}"
                shape.problems.append(f"{where}: {lines} lines, at most {MAX_FUNCTION_LINES}: split it by its steps")
    return shape


def find_long_pieces(texts: dict[str, str], trees: dict[str, ast.Module]) -> list[str]:
    """Return the files and functions that are too long, and the top folders whose functions are, taken together."""
    folders: dict[str, Shape] = {}
    for name, tree in trees.items():
        measured, folder = measure_file(name, texts[name], tree), folders.setdefault(name.split("/")[0], Shape())
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
    return [f"{spread}, at most {MAX_MEDIAN_LINES} and {MAX_P90_LINES}: simplify its longest"] if over else []
