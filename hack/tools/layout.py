"""Where code lies and how it is named: files in a folder, doubled names, project modules that a file brings in.

Pure: reads syntax trees by their paths from the repository's root, never files.
"""

import ast
import pathlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from typing import Final

MAX_MODULES: Final = 12
MAX_FILES: Final = 15
MAX_EXCEPTIONS: Final = 2
UNCOUNTED: Final = ("__init__.py", "__main__.py")
"""File names that every package may have."""

Trees = Mapping[str, ast.Module]


def name_module(path: str) -> str:
    """Return the dotted name that a file is imported by; a package of the product starts at `darkroom_*`."""
    parts = pathlib.PurePosixPath(path).with_suffix("").parts
    start = next((at for at, part in enumerate(parts) if part.startswith("darkroom_")), 0)
    return ".".join(parts[start:]).removesuffix(".__init__")


def find_project_modules(tree: ast.Module, known: set[str]) -> set[str]:
    """Return the modules among `known` that a file brings in, wherever in it, each of a statement's names by itself."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module is not None:
            named = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= named & known
            if named - known:
                found |= {node.module} & known
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names} & known
    return found


def find_wide_imports(trees: Trees, exceptions: Mapping[str, str]) -> list[str]:
    """Return the files that bring in too many project modules; `exceptions` are argued, by path."""
    known = {name_module(path) for path in trees}
    counts = {path: len(find_project_modules(tree, known)) for path, tree in trees.items()}
    problems = [
        f"{path}: brings in {count} modules of the project, at most {MAX_MODULES}: give a part of its work to a "
        "module beneath it, which brings in what that part needs"
        for path, count in counts.items()
        if count > MAX_MODULES and path not in exceptions
    ]
    problems += [
        f"{path}: excepted from the limit of {MAX_MODULES} modules without need: take it out of EXCEPTIONS"
        for path in exceptions
        if counts.get(path, 0) <= MAX_MODULES
    ]
    if len(exceptions) > MAX_EXCEPTIONS:
        problems.append(f"EXCEPTIONS: {len(exceptions)} entries, at most {MAX_EXCEPTIONS}: split one of these files")
    return problems


def find_crowded_folders(paths: Iterable[str]) -> list[str]:
    """Return the folders with too many Python files directly inside."""
    counts = Counter(str(pathlib.PurePosixPath(path).parent) for path in paths if not path.endswith("/__init__.py"))
    return [
        f"{folder}: {count} Python files directly inside, at most {MAX_FILES}: sort them into sub-folders by subject"
        for folder, count in counts.items()
        if count > MAX_FILES
    ]


def find_doubled_classes(trees: Trees) -> list[str]:
    """Return the public class names that two files of one package of the product define."""
    places: dict[tuple[str, str], list[str]] = defaultdict(list)
    for path, tree in trees.items():
        package = _find_package(path)
        classes = {node.name for node in ast.walk(tree) if isinstance(node, ast.ClassDef)}
        for name in sorted(name for name in classes if package is not None and not name.startswith("_")):
            places[package or "", name].append(path)
    return [
        f"{' and '.join(paths)}: each defines a class {name}: rename all but one in {package} by what they hold"
        for (package, name), paths in places.items()
        if len(paths) > 1
    ]


def find_doubled_files(paths: Iterable[str]) -> list[str]:
    """Return the file names that stand twice in one package of the product."""
    places: dict[tuple[str, str], list[str]] = defaultdict(list)
    for path in paths:
        package, name = _find_package(path), pathlib.PurePosixPath(path).name
        if package is not None and name not in UNCOUNTED:
            places[package, name].append(path)
    return [
        f"{' and '.join(found)}: one file name: rename all but one in {package} by what they own"
        for (package, _), found in places.items()
        if len(found) > 1
    ]


def _find_package(path: str) -> str | None:
    """Return the package of the product that a file belongs to."""
    return next((part for part in pathlib.PurePosixPath(path).parts[:-1] if part.startswith("darkroom_")), None)
