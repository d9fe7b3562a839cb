"""The end of a training: the final model measured, written, drawn and uploaded.

Owns the model's folder. Must not change the model.
"""

import json
from typing import Any

import torch

from darkroom_api import conditions, durations, report, run_config
from darkroom_api.v1alpha1.common import Artifacts, MeasuredOn, StopReason
from darkroom_trainer.budget import budget
from darkroom_trainer.checkpoints import receipts, sessions
from darkroom_trainer.data import annotations
from darkroom_trainer.export import artifacts, card, results
from darkroom_trainer.export.results import Measured
from darkroom_trainer.loop import inference
from darkroom_trainer.report import writing
from darkroom_trainer.report.inputs import ReportInputs
from darkroom_trainer.storage.objects import join_uri
from darkroom_trainer.training import searching, training_run
from darkroom_trainer.training.publication import data_review, model_files

ARTIFACTS_FOLDER = "artifacts"


def publish_model(run: training_run.TrainingRun, session: sessions.Session) -> report.Outcome:
    """Write and upload the finished model; returns the run's outcome.

    Raises RunError(StorageUnavailable) where the bucket stays away, RunStopped where a newer attempt has taken over.
    """
    run.place.report("Measuring the final model")
    measured, published = _publish(run, session)
    message = _describe(run, session, measured)
    outcome = _build_outcome(run, conditions.Reason.SUCCEEDED, message, measured, published)
    return _close(run, outcome.model_copy(update={"stop_reason": find_stop_reason(session)}))


def publish_cancelled(run: training_run.TrainingRun, session: sessions.Session) -> report.Outcome:
    """Publish what a cancelled run's session holds; returns the Cancelled outcome. Raises as `publish_model` does."""
    run.place.report("Keeping the best model so far")
    measured, published = _publish(run, session)
    score = f"{_name_score(measured)}, " if measured else ""
    kept = published.uri if published else str(run.place.work / ARTIFACTS_FOLDER)
    message = f"Cancelled; the best model so far ({score}after {session.learner.step:,} steps) is kept at {kept}"
    return _close(run, _build_outcome(run, conditions.Reason.CANCELLED, message, measured, published))


def end_without_model(config: run_config.RunConfig) -> report.Outcome:
    """Return the outcome of a cancelled run that has no usable checkpoint."""
    message = "Cancelled; there was no model to keep yet"
    return report.Outcome(command=config.command, reason=conditions.Reason.CANCELLED, message=message)


def _publish(run: training_run.TrainingRun, session: sessions.Session) -> tuple[Measured | None, Artifacts | None]:
    """Measure, write and upload the model."""
    folder = run.place.work / ARTIFACTS_FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    model = model_files.build_answering(session)
    measured = _measure(run, session, model)
    taken = model_files.write_model(run, session, model, folder)
    session.add_note(model_files.explain_missing(taken.parity))
    details = {**_build_details(run, session), "onnx": taken.parity}
    num_measured = len(measured.rows) if measured else 0
    names = taken.names + results.write_results(
        folder,
        taken.description,
        measured,
        details,
        has_time_to_score=lambda: run.fits(budget.compute_record_room(run.costs, num_measured)),
        has_time_to_draw=lambda: run.fits(budget.compute_picture_room(run.costs)),
    )
    name, performance = run.place.config.resource.name, measured.performance if measured else None
    names.append(card.write_card(folder, name, taken.description, performance, details, session.note))
    names += writing.write_report(folder, _build_inputs(run, session, taken, measured))
    run.place.report("Uploading")
    check_claim = None if run.store is None else run.store.claim.check
    published = artifacts.publish_files(folder, names, run.place.config.output, check_claim)
    return measured, published


def _close(run: training_run.TrainingRun, outcome: report.Outcome) -> report.Outcome:
    """Leave the receipt, and only then delete the checkpoints that led to the model; returns the outcome."""
    if run.store is not None:
        receipts.leave_receipt(run.place.config, outcome, run.place.meter)
        run.store.delete_all()
    run.place.report("Done")
    return outcome


def _build_outcome(
    run: training_run.TrainingRun,
    reason: conditions.Reason,
    message: str,
    measured: Measured | None,
    published: Artifacts | None,
) -> report.Outcome:
    return report.Outcome(
        command=run.place.config.command,
        reason=reason,
        message=message,
        performance=measured.performance if measured else None,
        artifacts=published,
        dataset_revision=run.dataset.revision,
        report=join_uri(published.uri, writing.PAGE_NAME) if published else None,
    )


def find_stop_reason(session: sessions.Session) -> StopReason:
    """Return why the training ended where it did."""
    reason = session.contest.stop_reason if session.contest else None
    return reason or StopReason.BUDGET_REACHED


def _build_inputs(
    run: training_run.TrainingRun, session: sessions.Session, taken: model_files.TakenAway, measured: Measured | None
) -> ReportInputs:
    metrics = json.loads((run.place.work / ARTIFACTS_FOLDER / results.METRICS_NAME).read_text(encoding="utf-8"))
    return ReportInputs(
        name=run.place.config.resource.name,
        model=taken.description,
        metrics=metrics,
        measured=measured,
        training=run.dataset,
        advice=data_review.find_advice(run),
        label_errors=data_review.suspect_tags(run, session),
        parity=taken.parity,
        stop_reason=find_stop_reason(session),
        note=session.note,
        has_time=lambda: run.fits(run.costs.report),
    )


def _measure(run: training_run.TrainingRun, session: sessions.Session, model: torch.nn.Module) -> Measured | None:
    """Return the final model's scores on the evaluation dataset, else the hold-out run's on its own images."""
    if run.evaluation is None:
        if session.hold_out is None:
            return None
        rows = run.rows.held_out
        truths = annotations.build_truths(run.dataset, rows)
        return Measured(run.dataset, rows, session.hold_out.predictions, truths, session.hold_out.performance)
    data, dataset = run.evaluation.data, run.evaluation.dataset
    predictions = inference.predict_rows(model, run.task, data, data.rows, run.place.device)
    truths = annotations.build_truths(dataset, data.rows)
    performance = run.task.measure(predictions, truths)
    performance = performance.model_copy(update={"measured_on": MeasuredOn.EVALUATION_DATASET})
    return Measured(dataset, data.rows, predictions, truths, performance)


def _build_details(run: training_run.TrainingRun, session: sessions.Session) -> dict[str, Any]:
    place, hold_out = run.place, session.hold_out
    return {
        "holdOut": hold_out.performance.to_json() if hold_out else None,
        "budgetSeconds": place.budget_seconds,
        "meter": {
            **place.meter.to_report(place.budget_seconds).to_json(),
            "allocatedSeconds": round(place.config.allocated_seconds + place.meter.held_seconds, 3),
            "attempt": place.config.attempt,
            "takenAt": "before the upload",
        },
        "images": {
            "train": len(run.rows.train),
            "heldOut": len(run.rows.held_out),
            "final": len(run.rows.usable),
            "evaluation": run.num_measured,
        },
        "recipe": session.learner.recipe.to_json(),
        "weights": run.pretrained.describe(session.learner.recipe.backbone),
        "steps": session.learner.step,
        "measuredRecipes": [trial.to_json() for trial in run.trials],
        "trials": searching.list_trials(session),
        "stopReason": find_stop_reason(session).value,
        "lightShare": session.light_share,
        "device": place.device.description,
        "datasetRevision": run.dataset.revision,
        "seed": place.config.seed,
        "history": session.history,
    }


def _describe(run: training_run.TrainingRun, session: sessions.Session, measured: Measured | None) -> str:
    budget = durations.format_duration(run.place.budget_seconds)
    charged = min(run.place.meter.charged_seconds, run.place.budget_seconds)
    cost = f"{charged:.1f}s of {budget} charged" + (f"; {session.note}" if session.note else "")
    if measured is None:
        return f"Trained on {len(run.rows.usable):,} images, too few to hold any out for a score; {cost}"
    return f"{results.describe_performance(measured.performance, measured.dataset.name)}; {cost}"


def _name_score(measured: Measured) -> str:
    place = "hold-out score" if measured.performance.measured_on is MeasuredOn.HOLD_OUT else "evaluation score"
    return f"{place} {measured.performance.score or 0.0:.3f}"
