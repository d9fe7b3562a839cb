"""Hostile datasets, one case each: a named end or a handled one, and nothing written outside the work folder."""

import pathlib

import pytest

from darkroom_api.conditions import Reason
from darkroom_trainer.runtime.errors import RunError
from tests.support.hostile.cases import Case, write_case
from tests.support.hostile.names import CASES
from tests.support.hostile.page import PAGE, build_page
from tests.support.hostile.runs import isolate, read_case
from tests.support.run_support import load


@pytest.mark.parametrize("name", CASES)
def test_hostile_input_ends_in_words_or_is_handled(name: str) -> None:
    case, (reason, message) = CASES[name], read_case(name)
    assert reason is (Reason.SUCCEEDED if case.handled else case.reason), message
    assert case.says in message
    assert message.isprintable()
    assert "hunter2" not in message


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_loading_hostile_input_writes_into_the_work_folder_alone(
    case: Case, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = case.get_source(write_case(case, tmp_path / "data"))
    isolate(monkeypatch, case.answer)
    before = list_tree(tmp_path)
    try:
        load(source, tmp_path / "work")
    except RunError:
        assert not case.handled
    assert {path for path in list_tree(tmp_path) if path.parts[0] != "work"} == before


def list_tree(folder: pathlib.Path) -> set[pathlib.Path]:
    return {path.relative_to(folder) for path in folder.rglob("*")}


def test_the_page_of_hostile_input_is_fresh() -> None:
    assert PAGE.read_text() == build_page(), "run python -m tests.support.hostile.page"
