"""The pages link to what exists."""

import pathlib
import re

import pytest

from hack.tools.generate import ROOT


def find_links(path: pathlib.Path) -> list[str]:
    text = re.sub(r"`[^`]*`", "", path.read_text())
    targets = re.findall(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)", text)
    return [target.split("#")[0] for target in targets if not target.startswith(("http", "#"))]


PAGES = [ROOT / "README.md", ROOT / "helm/darkroom/README.md", *sorted((ROOT / "docs").rglob("*.md"))]


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_page_links_to_what_exists(path: pathlib.Path) -> None:
    missing = [target for target in find_links(path) if not (path.parent / target).exists()]
    assert not missing
