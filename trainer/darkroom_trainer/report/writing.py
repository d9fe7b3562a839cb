"""A report as files: the page for people and the same as JSON.

Owns the files' names. Must not decide what a report says.
"""

import json
import pathlib
from typing import Final

from darkroom_api.v1alpha1.common import Artifacts
from darkroom_predict.description import ModelDescription
from darkroom_report.inspection_page import render_inspection
from darkroom_report.training_page import render_html
from darkroom_storage.objects import join_uri
from darkroom_storage.secrets import hide_tree
from darkroom_trainer.export import results
from darkroom_trainer.report.content import build_report
from darkroom_trainer.report.inputs import InspectionInputs, ReportInputs
from darkroom_trainer.report.inspection_content import build_inspection_report

PAGE_NAME: Final = "report.html"
JSON_NAME: Final = "report.json"
INSPECTION_PAGE_NAME: Final = "inspection.html"


def write_report(folder: pathlib.Path, inputs: ReportInputs) -> list[str]:
    """Write report.html and report.json of a Model or an Evaluation into `folder`; returns their names."""
    report = hide_tree(build_report(inputs))
    # A lone surrogate has no UTF-8; as an escape it is still JSON.
    text = json.dumps(report, ensure_ascii=False, separators=(",", ":"))
    (folder / JSON_NAME).write_text(text + "\n", encoding="utf-8", errors="backslashreplace")
    (folder / PAGE_NAME).write_text(render_html(report), encoding="utf-8")
    return [PAGE_NAME, JSON_NAME]


def write_evaluation_report(
    folder: pathlib.Path, name: str, model: ModelDescription, measured: results.Measured
) -> list[str]:
    """Write the report of the Evaluation `name`, whose metrics.json is in `folder`; returns its files' names."""
    metrics = json.loads((folder / results.METRICS_NAME).read_text(encoding="utf-8"))
    return write_report(folder, ReportInputs(name, model, metrics, measured))


def find_page(published: Artifacts | None) -> str | None:
    """Return the address of the report among published files; None where nothing was published."""
    return join_uri(published.uri, PAGE_NAME) if published else None


def build_inspection_page(inputs: InspectionInputs) -> bytes:
    """Return inspection.html of a Dataset."""
    return render_inspection(hide_tree(build_inspection_report(inputs))).encode("utf-8")
