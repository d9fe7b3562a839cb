"""A cell of the bench: one method on one set at some shots and seed, and the file that results are kept in.

Owns the key of a result, so that a bench that was interrupted goes on where it was. Must not run anything.
"""

import json
import pathlib
from dataclasses import asdict, dataclass
from typing import Any, Final

from bench.fewshot.sets import FULL, VERSION

DARKROOM: Final = "darkroom"


@dataclass(frozen=True)
class Cell:
    """What is measured; `budget_seconds` are of the bench's clock (see `clock`)."""

    set_name: str
    shots: int
    seed: int
    method: str
    budget_seconds: float

    @property
    def key(self) -> str:
        """Return what tells results apart: of other data, budgets or methods is another cell."""
        budget = f"{self.budget_seconds:g}s"
        return "/".join((f"v{VERSION}", self.set_name, name_shots(self.shots), str(self.seed), self.method, budget))


@dataclass(frozen=True)
class Row:
    """A measured cell: score in [0, 1] on `images` test images; `details` are for people."""

    cell: Cell
    score: float
    images: int
    charged_seconds: float
    details: dict[str, Any]


def name_shots(shots: int) -> str:
    """Return the shots as people read them."""
    return "full" if shots == FULL else str(shots)


def parse_shots(text: str) -> int:
    """Return the shots of `name_shots`; ValueError for what is no number."""
    return FULL if text == "full" else int(text)


class ResultFile:
    """Rows as JSON lines; a later row of a key replaces an earlier one."""

    def __init__(self, path: pathlib.Path) -> None:
        self._path = path

    def read(self) -> dict[str, Row]:
        """Return the rows by key; a line that an interruption cut off is left out."""
        rows: dict[str, Row] = {}
        for line in self._path.read_text().splitlines() if self._path.exists() else []:
            try:
                entry = json.loads(line)
            except json.JSONDecodeError:
                continue
            row = Row(**{**entry, "cell": Cell(**entry["cell"])})
            rows[row.cell.key] = row
        return rows

    def append(self, row: Row) -> None:
        """Add a row."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.open("a") as file:
            file.write(json.dumps(asdict(row)) + "\n")
