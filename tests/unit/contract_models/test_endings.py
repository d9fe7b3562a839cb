"""The one table of reasons: complete, consistent in itself, and the only one."""

import ast
import pathlib

import pytest

from darkroom_api.conditions import Reason, RunPhase
from darkroom_api.endings import ENDINGS, Cause, Ending, ExitCode, RetryCap, Then, find_ending, find_reason
from hack.tools.generate import ROOT

SOURCES = sorted(
    path
    for root in ("crds", "operator", "trainer", "predict", "report")
    for path in (ROOT / root).rglob("*.py")
    if path.name != "endings.py"
)
WORDS = {reason.value for reason in Reason}
MEMBERS = {reason.name for reason in Reason}


def test_every_reason_has_a_row() -> None:
    assert set(ENDINGS) == set(Reason)


@pytest.mark.parametrize(("reason", "row"), ENDINGS.items(), ids=ENDINGS.keys())
def test_a_row_agrees_with_itself(reason: Reason, row: Ending) -> None:
    is_end = row.then is not Then.NO_ATTEMPT
    assert (row.cap is not None) == (row.then is Then.RETRY) == (row.while_pausing is not None)
    assert is_end or row.exit_code is None
    assert is_end or not (row.free or row.republishes or row.charges_kept_only)
    assert row.phase is RunPhase.FAILED or row.then is Then.END
    assert not row.warns or row.cause is not Cause.NOBODY
    assert ENDINGS[row.given_up or reason].then in (Then.END, Then.RETRY, Then.NO_ATTEMPT, Then.RESUME)
    ranks = [other.merge_rank for other in ENDINGS.values() if other.merge_rank is not None]
    assert len(set(ranks)) == len(ranks)


def test_every_cap_and_every_exit_code_has_its_reason() -> None:
    assert {row.cap for row in ENDINGS.values()} == {None, *RetryCap}
    assert {row.exit_code for row in ENDINGS.values()} == {None, *ExitCode}


@pytest.mark.parametrize(("code", "reason"), [(65, Reason.DATASET_CORRUPT), (0, None), (1, None), (137, None)])
def test_an_exit_code_stands_for_a_failure_or_for_none(code: int, reason: Reason | None) -> None:
    assert find_reason(code) is reason


def test_an_outcome_that_another_version_wrote_has_no_row() -> None:
    assert find_ending("ReasonOfTheFuture") is find_ending(None) is None
    assert find_ending("StorageUnavailable") is ENDINGS[Reason.STORAGE_UNAVAILABLE]


def find_tables(tree: ast.AST) -> list[int]:
    """Return the lines of displays (dict, set, list, tuple) that hold two reasons or more."""
    displays = (node for node in ast.walk(tree) if isinstance(node, ast.Dict | ast.Set | ast.List | ast.Tuple))
    return [node.lineno for node in displays if len(set(_find_reasons(node))) > 1]


def _find_reasons(display: ast.Dict | ast.Set | ast.List | ast.Tuple) -> list[str]:
    entries = [*display.keys, *display.values] if isinstance(display, ast.Dict) else display.elts
    named = [entry.attr for entry in entries if isinstance(entry, ast.Attribute) and _is_member(entry)]
    return named + [entry.value for entry in entries if isinstance(entry, ast.Constant) and entry.value in WORDS]


def _is_member(node: ast.Attribute) -> bool:
    """Return whether it is `Reason.X` or `conditions.Reason.X`."""
    owner = node.value
    if node.attr not in MEMBERS:
        return False
    return (isinstance(owner, ast.Name) and owner.id == "Reason") or (
        isinstance(owner, ast.Attribute) and owner.attr == "Reason"
    )


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_other_module_has_a_table_of_reasons(path: pathlib.Path) -> None:
    assert find_tables(ast.parse(path.read_text())) == []


@pytest.mark.parametrize(
    "text",
    [
        "CODES = {Reason.SUCCEEDED: 0, Reason.CANCELLED: 0}",
        "FREE = frozenset({conditions.Reason.SUSPENDED, conditions.Reason.CANCELLED})",
        'TOLD = {"StorageUnavailable", "NameConflict"}',
        "found = reason in (Reason.UNKNOWN, Reason.SUCCEEDED)",
    ],
)
def test_a_planted_table_is_found(text: str) -> None:
    assert find_tables(ast.parse(text)) == [1]
