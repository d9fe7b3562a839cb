"""All rows of the API fault matrix.

    python -m tests.faults.cases.tables

prints them as they stand in docs/faults.md.
"""

from itertools import groupby
from typing import Final

from tests.faults.cases import drift, refusals, replacements, stale

ALL_CASES: Final = (*stale.CASES, *refusals.CASES, *replacements.CASES, *drift.CASES)


def render_tables() -> str:
    """Return one Markdown table for each group."""
    tables = []
    for group, cases in groupby(ALL_CASES, key=lambda case: case.group):
        rows = "\n".join(f"| {case.name} | {case.done} | {case.expected} |" for case in cases)
        tables.append(f"### {group}\n\n| Fault | What was done | Expected, and seen |\n|---|---|---|\n{rows}")
    return "\n\n".join(tables)


if __name__ == "__main__":
    print(render_tables())
