"""The end of a training: the final model measured, written, drawn and uploaded.

Owns the model's folder. Must not change the model.
"""

import hashlib
import logging
import pathlib
from typing import Any

import safetensors.torch

from darkroom_api import conditions, durations, report
from darkroom_api.v1alpha1.common import MeasuredOn
from darkroom_trainer import annotations, inference, sessions, training_run
from darkroom_trainer.export import artifacts, description, results
from darkroom_trainer.export.description import ModelDescription
from darkroom_trainer.export.results import Measured

LOG = logging.getLogger(__name__)

ARTIFACTS_FOLDER = "artifacts"


def publish_model(run: training_run.TrainingRun, session: sessions.Session) -> report.Outcome:
    """Write and upload the finished model; returns the run's outcome.

    Raises RunError(StorageUnavailable) where the bucket stays away, RunStopped where a newer attempt has taken over.
    """
    run.place.report("Measuring the final model")
    folder = run.place.work / ARTIFACTS_FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    measured = _measure(run, session)
    model = _write_model(run, session, folder)
    names = [description.DESCRIPTION_NAME, description.WEIGHTS_NAME]
    names += results.write_results(folder, model, measured, _build_details(run, session))
    run.place.report("Uploading")
    if run.store is not None:
        run.store.claim.check()
    published = artifacts.publish_files(folder, names, run.place.config.output)
    if run.store is not None:
        run.store.delete_all()
    run.place.report("Done")
    return report.Outcome(
        command=run.place.config.command,
        reason=conditions.Reason.SUCCEEDED,
        message=_describe(run, measured),
        performance=measured.performance if measured else None,
        artifacts=published,
        dataset_revision=run.dataset.revision,
    )


def _measure(run: training_run.TrainingRun, session: sessions.Session) -> Measured | None:
    """Return the final model's scores on the evaluation dataset, else the hold-out run's on its own images."""
    if run.evaluation is None:
        if session.hold_out is None:
            return None
        rows = run.rows.held_out
        truths = annotations.build_truths(run.dataset, rows)
        return Measured(run.dataset, rows, session.hold_out.predictions, truths, session.hold_out.performance)
    data, dataset = run.evaluation.data, run.evaluation.dataset
    predictions = inference.predict_rows(session.learner.model, run.task, data, data.rows, run.place.device)
    truths = annotations.build_truths(dataset, data.rows)
    performance = run.task.measure(predictions, truths)
    performance = performance.model_copy(update={"measured_on": MeasuredOn.EVALUATION_DATASET})
    return Measured(dataset, data.rows, predictions, truths, performance)


def _write_model(run: training_run.TrainingRun, session: sessions.Session, folder: pathlib.Path) -> ModelDescription:
    state = session.learner.model.state_dict()
    data = safetensors.torch.save({name: value.detach().cpu().contiguous() for name, value in state.items()})
    (folder / description.WEIGHTS_NAME).write_bytes(data)
    threshold = session.hold_out.threshold if session.hold_out else run.task.choose_threshold([], [])
    model = ModelDescription(
        task=run.task.kind,
        labels=run.task.labels,
        backbone=session.learner.recipe.backbone,
        preprocessing=run.preprocessing,
        threshold=threshold,
        version=hashlib.sha256(data).hexdigest()[:12],
        darkroom_version=description.read_version(),
    )
    description.write_description(model, folder)
    return model


def _build_details(run: training_run.TrainingRun, session: sessions.Session) -> dict[str, Any]:
    place, hold_out = run.place, session.hold_out
    meter = place.meter.to_report()
    return {
        "holdOut": hold_out.performance.to_json() if hold_out else None,
        "budgetSeconds": place.budget_seconds,
        "meterBeforeUpload": meter.to_json(),
        "images": {
            "train": len(run.rows.train),
            "heldOut": len(run.rows.held_out),
            "final": len(run.rows.usable),
            "evaluation": run.num_measured,
        },
        "recipe": session.learner.recipe.to_json(),
        "steps": session.learner.step,
        "trials": [trial.to_json() for trial in run.trials],
        "device": place.device.description,
        "datasetRevision": run.dataset.revision,
        "seed": place.config.seed,
        "history": session.history,
    }


def _describe(run: training_run.TrainingRun, measured: Measured | None) -> str:
    budget = durations.format_duration(run.place.budget_seconds)
    charged = min(run.place.meter.charged_seconds, run.place.budget_seconds)
    cost = f"{charged:.1f}s of {budget} charged"
    if measured is None:
        return f"Trained on {len(run.rows.usable):,} images, too few to hold any out for a score; {cost}"
    return f"{results.describe_performance(measured.performance, measured.dataset.name)}; {cost}"
