"""Rules of the repository itself: source roots, what the contract may import, examples, import exceptions."""

import ast
import configparser
import pathlib
import re
import sys
from typing import Any

import pytest
import yaml

from darkroom_api import names
from darkroom_api.conditions import Reason
from darkroom_api.schema import Spec
from darkroom_api.v1alpha1.dataset import DatasetSpec
from darkroom_api.v1alpha1.evaluation import EvaluationSpec
from darkroom_api.v1alpha1.model import ModelSpec
from tools.generate import ROOT

SPECS: dict[str, type[Spec]] = {"Dataset": DatasetSpec, "Model": ModelSpec, "Evaluation": EvaluationSpec}
CONTRACT_FILES = sorted((ROOT / "crds/darkroom_api").rglob("*.py"))


def read_resources(folder: pathlib.Path) -> list[dict[str, Any]]:
    texts = (path.read_text() for path in sorted(folder.rglob("*.yaml")))
    manifests = [manifest for text in texts for manifest in yaml.safe_load_all(text) if manifest]
    return [manifest for manifest in manifests if manifest["apiVersion"] == names.API_VERSION]


EXAMPLES = read_resources(ROOT / "examples")


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


@pytest.mark.parametrize("manifest", EXAMPLES, ids=lambda m: f"{m['kind']} {m['metadata']['name']}")
def test_an_example_is_valid(manifest: dict[str, Any]) -> None:
    assert SPECS[manifest["kind"]].model_validate(manifest["spec"])


@pytest.mark.parametrize("folder", ["digits", "local", "migration"])
def test_the_examples_of_a_folder_name_each_other(folder: str) -> None:
    resources = read_resources(ROOT / "examples" / folder)
    known = {(resource["kind"], resource["metadata"]["name"]) for resource in resources}
    needed = {
        (kind.capitalize(), resource["spec"][kind])
        for resource in resources
        for kind in ("model", "dataset")
        if kind in resource["spec"]
    }
    assert needed <= known


def test_the_local_examples_are_the_digits_without_a_bucket() -> None:
    cluster, local = (read_resources(ROOT / "examples" / folder) for folder in ("digits", "local"))
    assert [resource["metadata"] for resource in cluster] == [resource["metadata"] for resource in local]
    files = [uri for resource in local for uri in resource["spec"].get("annotationFiles", [])]
    assert files
    assert all(uri.startswith("file:") for uri in files)


def test_an_import_exception_names_a_module_that_exists() -> None:
    rules = configparser.ConfigParser()
    rules.read(ROOT / ".importlinter")
    lines = " ".join(rules[section].get("ignore_imports", "") for section in rules.sections()).split("\n")
    modules = {word for line in lines for word in line.split() if word.startswith("darkroom_")}
    roots = (ROOT / root for root in ("crds", "operator", "trainer"))
    existing = {".".join(path.relative_to(root).with_suffix("").parts) for root in roots for path in root.rglob("*.py")}
    assert modules <= existing


def find_links(path: pathlib.Path) -> list[str]:
    text = re.sub(r"`[^`]*`", "", path.read_text())
    targets = re.findall(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)", text)
    return [target.split("#")[0] for target in targets if not target.startswith(("http", "#"))]


PAGES = [ROOT / "README.md", ROOT / "helm/darkroom/README.md", *sorted((ROOT / "docs").rglob("*.md"))]


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_page_links_to_what_exists(path: pathlib.Path) -> None:
    missing = [target for target in find_links(path) if not (path.parent / target).exists()]
    assert not missing


def test_the_page_of_phases_names_every_reason() -> None:
    text = (ROOT / "docs/status-and-reasons.md").read_text()
    assert [reason for reason in Reason if f"`{reason}`" not in text] == []
