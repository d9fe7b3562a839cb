"""Where code lies and how it is named: files in a folder, doubled names, modules that a file brings in, tests' places.

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
TESTS: Final = "tests/unit"
TOPS: Final = (
    *("crds", "operator", "trainer", "predict", "report", "storage", "server", "migrate", "labels", "shelf"),
    *("hack", "bench"),
)
"""Folders of the source, each with a folder of tests of the same name."""

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


def find_unmirrored_tests(paths: Iterable[str]) -> list[str]:
    """Return the unit tests that are named after no module or package of the folder that theirs stands for."""
    names = _list_names(paths)
    return [
        f"{path}: names no module or package of its place: {_advise_place(path, names)}"
        for path in sorted(filter(_is_unit_test, paths))
        if _find_subject(path, names) is None
    ]


def find_untested_modules(trees: Trees) -> list[str]:
    """Return the product's modules with functions that no unit test of their place names or brings in."""
    tested = _find_tested(trees)
    return [
        f"{path}: no test of its place names it or brings it in: write {place}/test_{pathlib.PurePosixPath(path).name}"
        for path, place in ((path, _find_mirror(path)) for path in sorted(trees))
        if place is not None
        and _find_package(path) is not None
        and _defines_behaviour(path, trees[path])
        and (place, name_module(path)) not in tested
    ]


def _find_tested(trees: Trees) -> set[tuple[str, str]]:
    """Return the modules that the tests of a folder name or bring in, themselves or by support that lies beside them.

    A test that is named after a package stands in the package's own folder, too.
    """
    names, known = _list_names(trees), {name_module(path) for path in trees}
    found = {path: find_project_modules(tree, known) for path, tree in trees.items() if path.startswith(f"{TESTS}/")}
    support = {name_module(path): brought for path, brought in found.items() if not _is_unit_test(path)}
    modules = {(_find_mirror(path), pathlib.PurePosixPath(path).stem): name_module(path) for path in trees}
    tested: set[tuple[str, str]] = set()
    for path in filter(_is_unit_test, found):
        folder, subject = str(pathlib.PurePosixPath(path).parent), _find_subject(path, names) or ""
        beside = [module for module in found[path] & support.keys() if module.startswith(folder.replace("/", "."))]
        brought = found[path].union(*(support[module] for module in beside))
        named = modules.get((folder, subject), "")
        tested |= {(place, module) for place in (folder, f"{folder}/{subject}") for module in {*brought, named}}
    return tested


def _defines_behaviour(path: str, tree: ast.Module) -> bool:
    """Tell a module with a function, be it a class's, from one of constants and of classes that only hold values.

    A lambda is one too: it may be a rule. What every package may have is left out.
    """
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
    return pathlib.PurePosixPath(path).name not in UNCOUNTED and any(isinstance(node, kinds) for node in ast.walk(tree))


def _is_unit_test(path: str) -> bool:
    return path.startswith(f"{TESTS}/") and pathlib.PurePosixPath(path).name.startswith("test_")


def _find_mirror(path: str) -> str | None:
    """Return the folder of the tests of a source file."""
    top, *inner = pathlib.PurePosixPath(path).parent.parts or ("",)
    if top not in TOPS:
        return None
    return "/".join([TESTS, top, *(part for part in inner if not part.startswith("darkroom_"))])


def _list_names(paths: Iterable[str]) -> dict[str, set[str]]:
    """Return the names of the modules and packages that the tests of each folder may be named after."""
    names: dict[str, set[str]] = defaultdict(set)
    for path in paths:
        place = _find_mirror(path)
        if place is not None:
            names[place].add(pathlib.PurePosixPath(path).stem)
            names[str(pathlib.PurePosixPath(place).parent)].add(pathlib.PurePosixPath(place).name)
    return names


def _find_subject(path: str, names: Mapping[str, set[str]]) -> str | None:
    """Return what a test of its folder is named after: the longest name that its own begins with."""
    test = pathlib.PurePosixPath(path)
    return _find_longest(test.stem.removeprefix("test_"), names.get(str(test.parent), set()))


def _find_longest(topic: str, names: Iterable[str]) -> str | None:
    return max((name for name in names if f"{topic}_".startswith(f"{name}_")), key=len, default=None)


def _advise_place(path: str, names: Mapping[str, set[str]]) -> str:
    """Return where a test should lie, if its name tells, else how it should be named."""
    test = pathlib.PurePosixPath(path)
    near = f"{'/'.join(test.parts[:3])}/" if test.parts[2] in TOPS else TESTS
    found = {
        place: _find_longest(test.stem.removeprefix("test_"), names[place])
        for place in names
        if f"{place}/".startswith(near)
    }
    best = max((len(name) for name in found.values() if name), default=0)
    places = sorted(f"{place}/{test.name}" for place, name in found.items() if best and len(name or "") == best)
    if places:
        return f"move it to {' or '.join(places)}"
    return f"call it test_<module>.py or test_<module>_<topic>.py, in {TESTS}/<{'|'.join(TOPS)}>/<folder of the module>"


def _find_package(path: str) -> str | None:
    """Return the package of the product that a file belongs to."""
    return next((part for part in pathlib.PurePosixPath(path).parts[:-1] if part.startswith("darkroom_")), None)
