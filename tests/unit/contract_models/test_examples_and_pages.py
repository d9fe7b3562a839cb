"""The examples and the pages: valid, complete, and linked to what exists."""

import pathlib
import re
from typing import Any

import pytest
import yaml

from darkroom_api import names
from darkroom_api.conditions import Reason
from hack.tools.generate import ROOT
from tests.unit.contract_models.specs import parse_spec


def read_resources(folder: pathlib.Path) -> list[dict[str, Any]]:
    texts = (path.read_text() for path in sorted(folder.rglob("*.yaml")))
    manifests = [manifest for text in texts for manifest in yaml.safe_load_all(text) if manifest]
    return [manifest for manifest in manifests if manifest["apiVersion"] == names.API_VERSION]


EXAMPLES = read_resources(ROOT / "examples")


@pytest.mark.parametrize("manifest", EXAMPLES, ids=lambda m: f"{m['kind']} {m['metadata']['name']}")
def test_an_example_is_valid(manifest: dict[str, Any]) -> None:
    assert parse_spec(manifest)


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
