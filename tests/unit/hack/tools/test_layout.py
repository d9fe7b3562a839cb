"""The rules of where code lies and how it is named, each on a small tree."""

import ast

import pytest

from hack.tools import layout

KNOWN = {
    "darkroom_a",
    "darkroom_a.one",
    "darkroom_a.two",
    "darkroom_a.part",
    "darkroom_a.part.three",
    "hack.tools.four",
}

IMPORTS = {
    "a module": ("import darkroom_a.one\n", {"darkroom_a.one"}),
    "a module by another name": ("import darkroom_a.one as first\n", {"darkroom_a.one"}),
    "several of one statement": ("from darkroom_a import one, two\n", {"darkroom_a.one", "darkroom_a.two"}),
    "several lines of one statement": (
        "from darkroom_a import (\n    one,\n    part,\n)\n",
        {"darkroom_a.one", "darkroom_a.part"},
    ),
    "a name of a module": ("from darkroom_a.one import Thing, other\n", {"darkroom_a.one"}),
    "a name of a package and a module in it": ("from darkroom_a import Thing, one\n", {"darkroom_a", "darkroom_a.one"}),
    "twice the same": ("import darkroom_a.one\nfrom darkroom_a.one import Thing\n", {"darkroom_a.one"}),
    "inside a function": ("def f():\n    from darkroom_a.part import three\n", {"darkroom_a.part.three"}),
    "a tool": ("from hack.tools import four\n", {"hack.tools.four"}),
    "others' modules": ("import os\nfrom numpy import linalg\nfrom . import one\n", set()),
}


@pytest.mark.parametrize(("text", "modules"), IMPORTS.values(), ids=IMPORTS)
def test_every_project_module_is_counted_once(text: str, modules: set[str]) -> None:
    assert layout.find_project_modules(ast.parse(text), KNOWN) == modules


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("operator/darkroom_operator/decide/model.py", "darkroom_operator.decide.model"),
        ("operator/darkroom_operator/decide/__init__.py", "darkroom_operator.decide"),
        ("tests/unit/hack/tools/test_layout.py", "tests.unit.hack.tools.test_layout"),
    ],
)
def test_a_file_is_known_by_the_name_that_it_is_imported_by(path: str, name: str) -> None:
    assert layout.name_module(path) == name


def a_tree(modules: int, path: str = "trainer/darkroom_a/wide.py") -> dict[str, ast.Module]:
    """Return a package of which one file brings in so many modules, all by one statement."""
    names = [f"m{number}" for number in range(modules)]
    trees = {f"trainer/darkroom_a/{name}.py": ast.parse("") for name in names}
    return {**trees, path: ast.parse(f"from darkroom_a import {', '.join(names)}\n")}


WIDE = "trainer/darkroom_a/wide.py"
WIDTHS = {
    "as many as may be": (12, {}, None),
    "one more": (13, {}, "brings in 13 modules"),
    "one more, argued": (13, {WIDE: "because"}, None),
    "argued without need": (12, {WIDE: "because"}, "without need"),
    "argued for a file that is not there": (13, {WIDE: "because", "gone.py": "because"}, "gone.py: excepted"),
    "too much is argued": (13, {WIDE: "", "b.py": "", "c.py": ""}, "EXCEPTIONS: 3 entries"),
}


@pytest.mark.parametrize(("modules", "exceptions", "problem"), WIDTHS.values(), ids=WIDTHS)
def test_a_file_brings_in_few_modules(modules: int, exceptions: dict[str, str], problem: str | None) -> None:
    found = layout.find_wide_imports(a_tree(modules), exceptions)
    assert found == [] if problem is None else any(problem in line for line in found)


@pytest.mark.parametrize(
    ("paths", "problem"),
    [
        ([f"tests/a/t{n}.py" for n in range(15)], None),
        ([f"tests/a/t{n}.py" for n in range(15)] + ["tests/a/__init__.py", "tests/a/b/t.py"], None),
        ([f"tests/a/t{n}.py" for n in range(16)], "tests/a: 16 Python files directly inside"),
    ],
    ids=["as many as may be", "others beside", "one more"],
)
def test_a_folder_holds_few_files(paths: list[str], problem: str | None) -> None:
    found = layout.find_crowded_folders(paths)
    assert found == [] if problem is None else problem in found[0]


CLASSES = {
    "in two files": ({"trainer/darkroom_a/b.py": "Score", "trainer/darkroom_a/c/d.py": "Score"}, 1),
    "in three files": ({f"trainer/darkroom_a/{name}.py": "Score" for name in "bcd"}, 1),
    "in two packages": ({"trainer/darkroom_a/b.py": "Score", "report/darkroom_r/b.py": "Score"}, 0),
    "private": ({"trainer/darkroom_a/b.py": "_Score", "trainer/darkroom_a/c.py": "_Score"}, 0),
    "of tests": ({"tests/a/b.py": "Score", "tests/a/c.py": "Score"}, 0),
}


@pytest.mark.parametrize(("classes", "count"), CLASSES.values(), ids=CLASSES)
def test_a_public_class_name_stands_once_in_a_package(classes: dict[str, str], count: int) -> None:
    found = layout.find_doubled_classes({path: ast.parse(f"class {name}: ...\n") for path, name in classes.items()})
    assert len(found) == count
    assert all(line.startswith(f"{' and '.join(classes)}: each defines a class Score") for line in found)


FILES = {
    "in two folders": (["trainer/darkroom_a/coco.py", "trainer/darkroom_a/data/coco.py"], 1),
    "in two packages": (["trainer/darkroom_a/coco.py", "report/darkroom_r/coco.py"], 0),
    "what every package may have": (
        [f"trainer/darkroom_a/{folder}{name}" for folder in ("", "data/") for name in ("__init__.py", "__main__.py")],
        0,
    ),
    "of tools": (["hack/demo/progress.py", "hack/localcluster/progress.py"], 0),
}


@pytest.mark.parametrize(("paths", "count"), FILES.values(), ids=FILES)
def test_a_file_name_stands_once_in_a_package(paths: list[str], count: int) -> None:
    found = layout.find_doubled_files(paths)
    assert len(found) == count
    assert all(line.startswith(f"{' and '.join(paths)}: one file name") for line in found)


SOURCE = [
    "crds/darkroom_api/names.py",
    "trainer/darkroom_trainer/data/__init__.py",
    "trainer/darkroom_trainer/data/coco/documents.py",
    "trainer/darkroom_trainer/data/coco/documents_merged.py",
    "hack/tools/layout.py",
    "bench/marks.py",
]
PLACES = {
    "a module of a package": ("tests/unit/crds/test_names.py", None),
    "a module deep in a package": ("tests/unit/trainer/data/coco/test_documents.py", None),
    "a module and a topic": ("tests/unit/trainer/data/coco/test_documents_of_strangers.py", None),
    "a package": ("tests/unit/trainer/data/test_coco.py", None),
    "a package and a topic": ("tests/unit/trainer/test_data_in_windows.py", None),
    "a tool": ("tests/unit/hack/tools/test_layout.py", None),
    "a bench": ("tests/unit/bench/test_marks.py", None),
    "support": ("tests/unit/trainer/data/builders.py", None),
    "a test of something else than a unit": ("tests/contract/test_reports.py", None),
    "a folder too high": (
        "tests/unit/trainer/data/test_documents.py",
        "move it to tests/unit/trainer/data/coco/test_documents.py",
    ),
    "a folder of no part of the source": (
        "tests/unit/training/test_documents_in_windows.py",
        "move it to tests/unit/trainer/data/coco/test_documents_in_windows.py",
    ),
    "another part's folder": ("tests/unit/crds/test_layout.py", "call it test_<module>.py or test_<module>_<topic>.py"),
    "no module's name": ("tests/unit/trainer/data/coco/test_dialects.py", "call it test_<module>.py"),
    "the beginning of a module's name": ("tests/unit/trainer/data/coco/test_docu.py", "call it test_<module>.py"),
}


@pytest.mark.parametrize(("test", "problem"), PLACES.values(), ids=PLACES)
def test_a_test_is_named_after_a_module_of_its_place(test: str, problem: str | None) -> None:
    found = layout.find_unmirrored_tests([*SOURCE, test])
    assert len(found) == (problem is not None)
    assert all(line.startswith(f"{test}: names no module or package") and (problem or "") in line for line in found)


USES = "from darkroom_trainer.data.coco import documents\n"
USES_SUPPORT = "from tests.unit.trainer.data.coco import builders\n"
COVERS: dict[str, tuple[dict[str, str], bool]] = {
    "nothing": ({}, False),
    "its name": ({"tests/unit/trainer/data/coco/test_documents.py": ""}, True),
    "its name and a topic": ({"tests/unit/trainer/data/coco/test_documents_of_strangers.py": ""}, True),
    "the name of another module that begins like its own": (
        {"tests/unit/trainer/data/coco/test_documents_merged.py": ""},
        False,
    ),
    "its name in another folder": ({"tests/unit/trainer/data/test_documents.py": ""}, False),
    "an import of its folder": ({"tests/unit/trainer/data/coco/test_documents_merged.py": USES}, True),
    "an import of another folder": ({"tests/unit/trainer/test_data.py": USES}, False),
    "an import of a test of its package": ({"tests/unit/trainer/data/test_coco.py": USES}, True),
    "an import of support alone": ({"tests/unit/trainer/data/coco/builders.py": USES}, False),
    "an import of support that a test uses": (
        {
            "tests/unit/trainer/data/coco/builders.py": USES,
            "tests/unit/trainer/data/coco/test_documents_merged.py": USES_SUPPORT,
        },
        True,
    ),
}


@pytest.mark.parametrize(("tests", "is_tested"), COVERS.values(), ids=COVERS)
def test_a_module_is_tested_at_its_place(tests: dict[str, str], *, is_tested: bool) -> None:
    module = "trainer/darkroom_trainer/data/coco/documents.py"
    texts = {**dict.fromkeys(SOURCE, "LIMIT = 1\n"), module: "def read() -> None: ...\n", **tests}
    found = layout.find_untested_modules({path: ast.parse(text) for path, text in texts.items()})
    assert len(found) == (not is_tested)
    assert all(line.startswith(f"{module}: ") for line in found)
    assert all(line.endswith("write tests/unit/trainer/data/coco/test_documents.py") for line in found)


@pytest.mark.parametrize(
    ("path", "text", "count"),
    [
        ("trainer/darkroom_a/a.py", "LIMIT = 1\n", 0),
        ("trainer/darkroom_a/a.py", "async def f(): ...\n", 1),
        ("trainer/darkroom_a/a.py", "class A:\n    size: int = 1\n", 0),
        ("trainer/darkroom_a/a.py", "class A:\n    def grow(self): ...\n", 1),
        ("trainer/darkroom_a/a.py", "class A:\n    rules = (Rule(holds=lambda one: one > 1),)\n", 1),
        ("trainer/darkroom_a/__init__.py", "def f(): ...\n", 0),
        ("trainer/darkroom_a/__main__.py", "def main(): ...\n", 0),
        ("hack/tools/a.py", "def f(): ...\n", 0),
        ("tests/support/a.py", "def f(): ...\n", 0),
    ],
    ids=[
        "constants",
        "a function",
        "a class of values",
        "a method",
        "a rule",
        "a package",
        "a command",
        "a tool",
        "support of tests",
    ],
)
def test_what_does_nothing_needs_no_test(path: str, text: str, count: int) -> None:
    assert len(layout.find_untested_modules({path: ast.parse(text)})) == count
