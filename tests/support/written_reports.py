"""A report, written and read back, for the tests of what it says and of how it looks."""

import json
import pathlib
from typing import Any

from darkroom_trainer.report import writing
from darkroom_trainer.report.inputs import ReportInputs
from tests.support.pages import Page


def write(folder: pathlib.Path, inputs: ReportInputs) -> tuple[Page, dict[str, Any]]:
    """Write a report; returns its page and its JSON as they are on disk."""
    names = writing.write_report(folder, inputs)
    assert names == ["report.html", "report.json"]
    page = (folder / "report.html").read_text(encoding="utf-8")
    return Page(page), json.loads((folder / "report.json").read_text(encoding="utf-8"))
