"""The snippets of docs/serving.md, run as they stand."""

import os
import pathlib
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator

import pytest

from darkroom_api.v1alpha1.common import Task
from darkroom_server.app import build_app
from tests.support.server.models import draw, publish
from tests.support.server.parts import KEY, ModelFolders, some_parts
from tests.support.server.running import running

PAGE = pathlib.Path(__file__).parents[3] / "docs/serving.md"
PROGRAMS = {"bash": ["bash", "-ec"], "python": [sys.executable, "-c"], "javascript": ["node", "-e"]}
SNIPPETS = [
    (language, code)
    for language, code in re.findall(r"```(\w+)\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    if language in PROGRAMS
]


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    backend = ModelFolders()
    publish(backend, tmp_path_factory.mktemp("models"), "flowers", Task.CLASSIFIER)
    with running(build_app(some_parts(backend))) as address:
        yield address


def test_the_page_has_snippets_of_each_language() -> None:
    assert {language for language, _ in SNIPPETS} == set(PROGRAMS)


@pytest.mark.parametrize(("language", "code"), SNIPPETS, ids=[f"{n}-{found[0]}" for n, found in enumerate(SNIPPETS)])
def test_a_snippet_prints_the_tag(address: str, tmp_path: pathlib.Path, language: str, code: str) -> None:
    if shutil.which(PROGRAMS[language][0]) is None:
        pytest.skip(f"there is no {PROGRAMS[language][0]} here")
    (tmp_path / "photo.jpg").write_bytes(draw(fill="red", form="JPEG"))
    known = os.environ | {"ENDPOINT": address, "KEY": KEY}
    done = subprocess.run(
        [*PROGRAMS[language], code], cwd=tmp_path, env=known, capture_output=True, text=True, timeout=50
    )
    assert (done.returncode, "red" in done.stdout) == (0, True), done.stderr
