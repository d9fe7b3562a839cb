"""The `inspect` command: reads and checks a whole dataset and writes a report of it.

Must not do: import torch or timm, since an inspection should start in a second; keep images.
"""

import json
import pathlib
from typing import Any, Final

from darkroom_api.conditions import Reason
from darkroom_api.report import Outcome
from darkroom_api.run_config import RunConfig
from darkroom_trainer.data import advice, summary
from darkroom_trainer.data.examination import Examination, examine_dataset
from darkroom_trainer.data.progress import build_progress
from darkroom_trainer.errors import StorageError
from darkroom_trainer.reporting import Reporter
from darkroom_trainer.storage.objects import join_uri, open_storage, retry_storage

REPORT_NAME: Final = "inspection.json"


def inspect_dataset(config: RunConfig, work: pathlib.Path, reporter: Reporter) -> Outcome:  # noqa: ARG001 (one signature for all commands)
    """Return the outcome of reading `config.dataset` in full; the report goes to `config.output`.

    Raises RunError: DatasetNotFound, StorageUnavailable, InvalidConfiguration. A dataset with problems is an Outcome
    with DatasetCorrupt, whose summary names the first ten of them.
    """
    reporter.update(percent=0, stage="Reading annotations")
    progress = build_progress(reporter, "Checking", show_percent=True)
    examination = examine_dataset(config.dataset, None, progress, stop_at_annotations=False)
    message = summary.describe(examination)
    report = None
    try:
        report = _write_report(config, examination)
    except StorageError as error:
        message += f" (the report could not be written: {error})"
    return Outcome(
        command=config.command,
        reason=Reason.DATASET_CORRUPT if examination.findings.problem_count else Reason.SUCCEEDED,
        message=message[:1024],
        summary=summary.summarise(examination, report),
        dataset_revision=examination.revision,
    )


def _write_report(config: RunConfig, examination: Examination) -> str | None:
    """Write the report and return its URI, None where the run has no output; raises StorageError."""
    if config.output is None:
        return None
    storage = open_storage(config.output.storage)
    uri = join_uri(config.output.uri, REPORT_NAME)
    text = json.dumps(build_report(examination), indent=1, ensure_ascii=False)
    retry_storage(lambda: storage.write_bytes(uri, text.encode()))
    return uri


def build_report(examination: Examination) -> dict[str, Any]:
    """Return everything that was found, for `inspection.json`."""
    catalog, findings = examination.catalog, examination.findings
    return {
        "dataset": examination.source.name,
        "annotationKind": examination.source.annotation_kind.value,
        "annotationFiles": list(examination.source.annotation_files),
        "revision": examination.revision,
        "images": len(catalog.images),
        "annotations": catalog.annotations,
        "categories": [category.to_json() for category in catalog.categories],
        "problemCount": findings.problem_count,
        "problems": [problem.to_json() for problem in findings.problems],
        "adviceCount": findings.advice_counts.total(),
        "adviceCounts": {issue.value: count for issue, count in findings.advice_counts.items()},
        "thresholds": advice.THRESHOLDS,
        "sizes": advice.summarise_sizes(examination.checked),
        "advice": [entry.to_json() for entry in findings.advice],
    }
