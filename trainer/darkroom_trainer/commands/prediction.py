"""The `predict` command: images without labels, answered by a finished model, as labels to review.

Owns the order of a prediction, cheapest checks first. An attempt that is stopped keeps nothing: the next one starts
again. Must not import torch, unless the model has no ONNX file.
"""

import pathlib
import threading
from typing import Final

from darkroom_api import conditions, report, run_config
from darkroom_trainer.budget import meter as meters
from darkroom_trainer.export import artifacts
from darkroom_trainer.prediction import opening
from darkroom_trainer.prediction.prelabelling import answer_files, answering, choosing, prediction_summary
from darkroom_trainer.runtime import reporting, stopping

RESULTS_FOLDER: Final = "artifacts"


def predict_images(
    config: run_config.RunConfig,
    work: pathlib.Path,
    reporter: reporting.Reporter,
    stop: threading.Event,
    meter: meters.Meter,
) -> report.Outcome:
    """Answer what `config.prediction` asks for with `config.model` and publish the answers; returns the outcome.

    Raises RunError: InvalidConfiguration, IncorrectModelKind, DatasetNotFound (also for a folder without images),
    DatasetCorrupt (also where no image can be read), NotAllowed, StorageUnavailable.
    """
    try:
        return _predict(config, work, reporter, stop, meter)
    except stopping.RunStopped as error:
        message = "Stopped on request; a prediction keeps nothing of an attempt, so the next one starts again."
        raise stopping.RunStopped(message) from error


def _predict(
    config: run_config.RunConfig,
    work: pathlib.Path,
    reporter: reporting.Reporter,
    stop: threading.Event,
    meter: meters.Meter,
) -> report.Outcome:
    order = config.prediction or run_config.PredictionOrder()
    reporter.update(percent=0, stage="Fetching the model", charged_seconds=meter.charged_seconds)
    model = opening.open_model(config.model, config.dataset, work / "model")
    chosen = choosing.choose_images(config, work, reporter, stop)
    threshold = model.description.threshold if order.threshold is None else order.threshold
    answers, tally = answering.answer_images(chosen, model.predictor, threshold, work, reporter)
    reporter.update(percent=100, stage="Writing", charged_seconds=meter.charged_seconds)
    out = work / RESULTS_FOLDER
    out.mkdir(parents=True, exist_ok=True)
    names = answer_files.write_files(out, answers, model.description, order.write, chosen.storage)
    reporter.update(percent=100, stage="Uploading", charged_seconds=meter.charged_seconds)
    published = artifacts.publish_files(out, names, config.output)
    counts = prediction_summary.summarise(chosen, tally, threshold)
    return report.Outcome(
        command=config.command,
        reason=conditions.Reason.SUCCEEDED,
        message=prediction_summary.describe(counts, chosen.place),
        prediction=counts,
        artifacts=published,
        dataset_revision=config.dataset.revision,
        model_digest=model.digest,
    )
