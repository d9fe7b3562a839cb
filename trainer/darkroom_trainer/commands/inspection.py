"""The `inspect` command: reads and checks a whole dataset and writes a report of it, as a page and as JSON.

Must not do: import torch or timm, since an inspection should start in a second; keep images, but small ones of the
first.
"""

import pathlib

from darkroom_api.conditions import Reason
from darkroom_api.report import Outcome
from darkroom_api.run_config import RunConfig
from darkroom_storage.errors import StorageError
from darkroom_trainer.commands import inspection_report
from darkroom_trainer.data.inspection import summary
from darkroom_trainer.data.inspection.examination import examine_dataset
from darkroom_trainer.data.sources.progress import build_count, build_progress
from darkroom_trainer.runtime.reporting import Reporter


def inspect_dataset(config: RunConfig, work: pathlib.Path, reporter: Reporter) -> Outcome:
    """Return the outcome of reading `config.dataset` in full; the report goes to `config.output`.

    Raises RunError: DatasetNotFound, StorageUnavailable, InvalidConfiguration. A dataset with problems is an Outcome
    with DatasetCorrupt, whose summary names the first ten of them.
    """
    reporter.update(percent=0, stage="Reading annotations")
    progress = build_progress(reporter, "Checking", show_percent=True)
    previews = work if config.output is not None else None
    examination = examine_dataset(
        config.dataset,
        None,
        progress,
        stop_at_annotations=False,
        preview_folder=previews,
        show_count=build_count(reporter, "Listing"),
    )
    message = summary.describe(examination)
    report = None
    try:
        report = inspection_report.write_report(config, examination, work)
    except StorageError as error:
        message += f" (the report could not be written: {error})"
    return Outcome(
        command=config.command,
        reason=Reason.DATASET_CORRUPT if examination.findings.problem_count else Reason.SUCCEEDED,
        message=message[:1024],
        summary=summary.summarise(examination, report),
        dataset_revision=examination.revision,
    )
