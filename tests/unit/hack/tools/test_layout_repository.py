"""Rules of the repository itself: source roots, what the contract may import, and its exceptions."""

import ast
import configparser
import pathlib
import sys

import pytest

from hack.tools.generate import ROOT

CONTRACT_FILES = sorted((ROOT / "crds/darkroom_api").rglob("*.py"))


@pytest.mark.parametrize("root", ["operator", "trainer", "crds"])
def test_a_source_root_is_no_package(root: str) -> None:
    assert not (ROOT / root / "__init__.py").exists(), "a package named operator would shadow the standard library's"


def find_imports(path: pathlib.Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add((node.module or "").split(".")[0])
    return found


@pytest.mark.parametrize("path", CONTRACT_FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_the_contract_imports_pydantic_and_the_standard_library_only(path: pathlib.Path) -> None:
    allowed = {"pydantic", "darkroom_api"} | ({"yaml"} if path.name == "crd.py" else set())
    assert find_imports(path) - set(sys.stdlib_module_names) <= allowed


def test_an_import_exception_names_a_module_that_exists() -> None:
    rules = configparser.ConfigParser()
    rules.read(ROOT / ".importlinter")
    lines = " ".join(rules[section].get("ignore_imports", "") for section in rules.sections()).split("\n")
    modules = {word for line in lines for word in line.split() if word.startswith("darkroom_")}
    roots = (ROOT / root for root in ("crds", "operator", "trainer", "storage", "server", "migrate", "labels", "shelf"))
    existing = {".".join(path.relative_to(root).with_suffix("").parts) for root in roots for path in root.rglob("*.py")}
    assert modules <= existing
