"""A cell of a bench: one method on one set at some shots and seed, and the file that results are kept in.

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
    """What is measured; `budget_seconds` are of the bench's clock (see `clock`).

    A method `darkroom:VARIANT` is Darkroom in another way, see `darkroom_run`.
    """

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

    @property
    def variant(self) -> str | None:
        """Return how Darkroom is run: "" as users have it; None for a baseline."""
        name, _, variant = self.method.partition(":")
        return variant if name == DARKROOM else None


@dataclass(frozen=True)
class Row:
    """A measured cell: score in [0, 1] on `images` test images; `details` are for people.

    `strict_score` is the mAP@75 where the score is an mAP@50. A training of Darkroom that gave no model has a score of
    0, and its reason among the details.
    """

    cell: Cell
    score: float
    images: int
    charged_seconds: float
    details: dict[str, Any]
    strict_score: float | None = None

    def describe(self) -> str:
        """Return the row in one line."""
        strict = "" if self.strict_score is None else f" (mAP@75 {self.strict_score:.3f})"
        reason = self.details.get("reason")
        charged = f"{self.charged_seconds:.1f} s charged, {self.details.get('wallSeconds')} s of wall time"
        return f"{self.cell.key}: {self.score:.3f}{strict}{f', {reason}' if reason else ''} in {charged}"


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
