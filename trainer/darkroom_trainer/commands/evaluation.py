"""The `evaluate` command: a finished model, measured on a dataset.

Owns the order of an evaluation, cheapest checks first: a wrong model is refused before torch is imported.
"""

import pathlib
import threading
from typing import Any, Final

from darkroom_api import conditions, report, run_config
from darkroom_predict import description
from darkroom_trainer.budget import meter as meters
from darkroom_trainer.data import suitability
from darkroom_trainer.export import artifacts, results
from darkroom_trainer.report import writing
from darkroom_trainer.runtime import errors, reporting

RESULTS_FOLDER: Final = "artifacts"


def evaluate_model(
    config: run_config.RunConfig,
    work: pathlib.Path,
    reporter: reporting.Reporter,
    _stop: threading.Event,
    meter: meters.Meter,
) -> report.Outcome:
    """Measure `config.model` on `config.dataset` and publish the results; returns the successful outcome.

    Raises RunError: InvalidConfiguration, IncorrectModelKind, DatasetCorrupt, DatasetNotFound, StorageUnavailable.
    """
    if config.model is None:
        raise errors.RunError(conditions.Reason.INVALID_CONFIGURATION, "model: an evaluation needs it")
    folder = work / "model"
    reporter.update(percent=0, stage="Fetching the model", charged_seconds=meter.charged_seconds)
    listed = artifacts.fetch_model(config.model, folder, [description.DESCRIPTION_NAME, description.WEIGHTS_NAME])
    model = description.read_description(folder)
    dataset = suitability.load_matching(
        config.dataset,
        model.task,
        model.labels,
        work,
        reporter,
        reason=conditions.Reason.INCORRECT_MODEL_KIND,
        subject="model",
    )
    reporter.update(percent=40, stage="Measuring", charged_seconds=meter.charged_seconds)
    from darkroom_trainer.prediction import measurement

    measured = measurement.measure_model(folder, model, dataset, work, reporter)
    reporter.update(percent=90, stage="Uploading", charged_seconds=meter.charged_seconds)
    out = work / RESULTS_FOLDER
    out.mkdir(parents=True, exist_ok=True)
    details = _build_details(config, model, listed.digest, measured)
    names = results.write_results(out, model, measured, details)
    names += writing.write_evaluation_report(out, config.resource.name, model, measured)
    published = artifacts.publish_files(out, names, config.output)
    return report.Outcome(
        command=config.command,
        reason=conditions.Reason.SUCCEEDED,
        message=results.describe_performance(measured.performance, dataset.name),
        performance=measured.performance,
        artifacts=published,
        dataset_revision=dataset.revision,
        model_digest=listed.digest,
        report=writing.find_page(published),
    )


def _build_details(
    config: run_config.RunConfig, model: description.ModelDescription, digest: str, measured: results.Measured
) -> dict[str, Any]:
    return {
        "model": {"uri": config.model.uri if config.model else None, "digest": digest, "version": model.version},
        "datasetRevision": measured.dataset.revision,
        "images": {"evaluation": len(measured.dataset.examples)},
    }
