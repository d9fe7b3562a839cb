"""The size check as a whole: every rule names what is over it."""

import pytest

from hack.tools import check_sizes


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("x = 1\n", None),
        ("x = 1\n" * 401, "401 lines"),
        ("def f():\n" + "    x = 1\n" * 80, "f: 81 lines"),
        ("def f():\n" + "    x = 1\n" * 13, "median of 14"),
    ],
)
def test_the_size_check_names_what_is_over(text: str, problem: str | None) -> None:
    found = check_sizes.find_problems({"hack/tools/a.py": text})["lengths"]
    assert not found if problem is None else any(problem in line for line in found)


PLANTED = {
    "operator/darkroom_operator/decide/terms.py": "class Terms: ...\n",
    "operator/darkroom_operator/facts/terms.py": "class Terms:\n    def last(self): ...\n",
    "operator/darkroom_operator/wide.py": "from darkroom_operator.many import " + ", ".join(f"m{n}" for n in range(13)),
    **{f"operator/darkroom_operator/many/m{number}.py": "" for number in range(16)},
    "tests/unit/operator/decide/test_terms.py": "",
    "tests/unit/operator/test_lost.py": "",
}


@pytest.mark.parametrize(
    ("rule", "problem"),
    [
        ("class names", "decide/terms.py and operator/darkroom_operator/facts/terms.py: each defines a class Terms"),
        ("file names", "decide/terms.py and operator/darkroom_operator/facts/terms.py: one file name"),
        ("project modules", "darkroom_operator/wide.py: brings in 13 modules of the project"),
        ("tests", "tests/unit/operator/test_lost.py: names no module or package of its place"),
        ("untested modules", "operator/darkroom_operator/facts/terms.py: no test of its place names it"),
        ("files in a folder", "darkroom_operator/many: 16 Python files directly inside"),
    ],
)
def test_each_rule_finds_the_problem_that_is_planted(rule: str, problem: str) -> None:
    (found,) = check_sizes.find_problems(PLANTED, exceptions={})[rule]
    assert problem in found


def test_every_exception_is_argued_and_needed() -> None:
    assert all(len(reason) > 20 for reason in check_sizes.EXCEPTIONS.values())
    assert len(check_sizes.EXCEPTIONS) <= 2
