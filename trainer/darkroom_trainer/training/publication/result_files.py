"""The files that explain a finished model: metrics, predictions, picture, card and report.

Owns what of them is left out where the budget is nearly spent. Must not know their forms.
"""

import json
import pathlib

from darkroom_trainer.budget.ledger import RemainingWork
from darkroom_trainer.checkpoints.sessions import Session
from darkroom_trainer.export import card, results
from darkroom_trainer.report import inputs, writing
from darkroom_trainer.training.publication import data_review, model_files, run_record
from darkroom_trainer.training.training_run import TrainingRun


def write_results(
    run: TrainingRun,
    session: Session,
    files: model_files.ModelFiles,
    measured: results.Measured | None,
    folder: pathlib.Path,
) -> list[str]:
    """Write the files into `folder`, as many of the optional ones as there is time for; returns their names."""
    ledger, meter = run.ledger, run.context.meter
    details = {**run_record.build_details(run, session), "onnx": files.parity}
    names = results.write_results(
        folder,
        files.description,
        measured,
        details,
        has_time_to_score=lambda: ledger.may_start(RemainingWork.SCORES, meter.charged_seconds),
        has_time_to_draw=lambda: ledger.may_start(RemainingWork.PICTURE, meter.charged_seconds),
    )
    ledger.settle(RemainingWork.SCORES, RemainingWork.PICTURE)
    name, performance = run.context.config.resource.name, measured.performance if measured else None
    names.append(card.write_card(folder, name, files.description, performance, details, session.note))
    names += writing.write_report(folder, _build_inputs(run, session, files, measured, folder))
    ledger.settle(RemainingWork.REPORT)
    return names


def _build_inputs(
    run: TrainingRun,
    session: Session,
    files: model_files.ModelFiles,
    measured: results.Measured | None,
    folder: pathlib.Path,
) -> inputs.ReportInputs:
    return inputs.ReportInputs(
        name=run.context.config.resource.name,
        model=files.description,
        metrics=json.loads((folder / results.METRICS_NAME).read_text(encoding="utf-8")),
        measured=measured,
        training=run.dataset,
        advice=data_review.find_advice(run),
        label_errors=data_review.find_label_errors(run, session),
        parity=files.parity,
        stop_reason=run_record.find_stop_reason(session),
        note=session.note,
        has_time=lambda: run.ledger.may_start(RemainingWork.REPORT, run.context.meter.charged_seconds),
    )
