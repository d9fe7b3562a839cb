"""The page of licences: which packages an image holds, what they say of themselves, and that each may be passed on."""

import importlib.metadata
import pathlib
import re

import pytest

from darkroom_trainer.weights.packages import NETWORKS
from hack.tools.generate import ROOT
from hack.tools.licences import NotInstalled, find_licence, list_packages, read_pins

PAGE = (ROOT / "docs/licences.md").read_text()
PERMISSIVE = {
    "0BSD", "Apache-2.0", "Apache-2.0 WITH LLVM-exception", "BSD-2-Clause", "BSD-3-Clause", "BSL-1.0", "CC0-1.0",
    "CNRI-Python", "ISC", "MIT", "MIT-0", "MIT-CMU", "PSF-2.0", "Zlib",
}  # fmt: skip
UNCHANGED = {"MPL-2.0"}
"""Asks for the source of its own files alone where they are changed, which no image does."""


def test_every_package_of_both_images_may_be_passed_on_or_is_nvidias() -> None:
    rows = re.findall(r"^\| ([\w.-]+) \| (\d[^ |]*) \| ([^|]+) \|$", PAGE, re.MULTILINE)
    assert len(rows) > 80
    for name, _, licence in rows:
        parts = set(re.split(r" AND | OR ", licence))
        is_nvidias = licence == "LicenseRef-NVIDIA-Proprietary" and name.startswith(("nvidia-", "cuda-"))
        assert is_nvidias or parts <= PERMISSIVE | UNCHANGED, f"{name}: {licence}"


def test_the_page_names_the_weights_with_their_sums() -> None:
    for network in NETWORKS:
        (row,) = (line for line in PAGE.splitlines() if line.startswith(f"| `{network.name}` "))
        assert f"| Apache-2.0, (c) 2020 ML Illustrated | {network.packaged_sum} |" in row


def test_packages_are_followed_through_extras_and_what_they_need_themselves() -> None:
    extras = {"small": ["python-dateutil; python_version >= '3.8'", "colorama; sys_platform == 'win32'"], "more": []}
    project = {"dependencies": ["pyyaml>=6"], "optional-dependencies": {**extras, "all": ["darkroom[small]"]}}
    assert list_packages(project, "small") == ["python-dateutil", "pyyaml", "six"]
    assert list_packages(project, "all") == list_packages(project, "small")
    assert list_packages(project, "more") == ["pyyaml"]


def test_a_package_that_is_not_here_is_named() -> None:
    project = {"dependencies": ["not-a-package-of-anybody"], "optional-dependencies": {"more": []}}
    with pytest.raises(NotInstalled, match="not-a-package-of-anybody, which an image holds, is not installed here"):
        list_packages(project, "more")


SAID = {
    "in SPDX's words": ("License-Expression: MIT\nLicense: see file", "MIT"),
    "in a line": ("License: Apache 2.0", "Apache-2.0"),
    "at the head of a text": ("License: MIT License\n        \n        Copyright", "MIT"),
    "by a classifier": ("Classifier: License :: OSI Approved :: BSD License", "BSD-3-Clause"),
}


def read_metadata(folder: pathlib.Path, said: str) -> importlib.metadata.PackageMetadata:
    (folder / "METADATA").write_text(f"Name: anything\n{said}\n")
    return importlib.metadata.Distribution.at(folder).metadata


@pytest.mark.parametrize(("said", "licence"), SAID.values(), ids=SAID.keys())
def test_a_licence_is_read_where_a_package_says_it(said: str, licence: str, tmp_path: pathlib.Path) -> None:
    assert find_licence("anything", read_metadata(tmp_path, said)) == licence


def test_a_package_without_a_word_on_its_licence_has_to_be_looked_at(tmp_path: pathlib.Path) -> None:
    with pytest.raises(NotInstalled, match="the metadata of anything name no licence: read its licence file"):
        find_licence("anything", read_metadata(tmp_path, ""))


def test_versions_are_those_that_are_pinned() -> None:
    assert read_pins("numpy==2.4.6\n# six==1\nruamel.yaml==0.1\n") == {"numpy": "2.4.6", "ruamel.yaml": "0.1"}
