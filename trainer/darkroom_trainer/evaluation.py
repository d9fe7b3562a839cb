"""The `evaluate` command: a finished model, measured on a dataset.

Owns the order of an evaluation, cheapest checks first: a wrong model is refused before torch is imported.
"""

import pathlib
import threading
from typing import Any, Final

from darkroom_api import conditions, report, run_config
from darkroom_api.v1alpha1.common import MeasuredOn
from darkroom_trainer.annotations import align_labels, build_truths, check_annotation_kind, find_usable_rows
from darkroom_trainer.data.dataset import LoadedDataset
from darkroom_trainer.data.loading import load_dataset
from darkroom_trainer.errors import RunError
from darkroom_trainer.export import artifacts, description, results
from darkroom_trainer.meter import Meter
from darkroom_trainer.reporting import Reporter

RESULTS_FOLDER: Final = "artifacts"


def evaluate_model(
    config: run_config.RunConfig, work: pathlib.Path, reporter: Reporter, _stop: threading.Event, meter: Meter
) -> report.Outcome:
    """Measure `config.model` on `config.dataset` and publish the results; returns the successful outcome.

    Raises RunError: InvalidConfiguration, IncorrectModelKind, DatasetCorrupt, DatasetNotFound, StorageUnavailable.
    """
    if config.model is None:
        raise RunError(conditions.Reason.INVALID_CONFIGURATION, "model: an evaluation needs it")
    folder = work / "model"
    reporter.update(percent=0, stage="Fetching the model", charged_seconds=meter.charged_seconds)
    listed = artifacts.fetch_model(config.model, folder, [description.DESCRIPTION_NAME, description.WEIGHTS_NAME])
    model = description.read_description(folder)
    source = config.dataset
    check_annotation_kind(
        source.name, source.annotation_kind, model.task, conditions.Reason.INCORRECT_MODEL_KIND, "model"
    )
    dataset = align_labels(load_dataset(source, work, reporter), model.labels)
    reporter.update(percent=40, stage="Measuring", charged_seconds=meter.charged_seconds)
    measured = _measure(dataset, model, folder, work, reporter)
    reporter.update(percent=90, stage="Uploading", charged_seconds=meter.charged_seconds)
    out = work / RESULTS_FOLDER
    out.mkdir(parents=True, exist_ok=True)
    names = results.write_results(out, model, measured, _build_details(config, model, listed.digest, dataset))
    published = artifacts.publish_files(out, names, config.output)
    return report.Outcome(
        command=config.command,
        reason=conditions.Reason.SUCCEEDED,
        message=results.describe_performance(measured.performance, dataset.name),
        performance=measured.performance,
        artifacts=published,
        dataset_revision=dataset.revision,
        model_digest=listed.digest,
    )


def _measure(
    dataset: LoadedDataset,
    model: description.ModelDescription,
    folder: pathlib.Path,
    work: pathlib.Path,
    reporter: Reporter,
) -> results.Measured:
    from darkroom_trainer import inference, preparation
    from darkroom_trainer.device import prepare_device
    from darkroom_trainer.prediction import predictor

    ready = predictor.build_predictor(folder, model, prepare_device())
    rows = find_usable_rows(dataset, model.task)
    data = preparation.build_data(dataset, rows, ready.task, model.preprocessing, ready.device, work, reporter)
    predictions = inference.predict_rows(ready.model, ready.task, data, rows, ready.device)
    truths = build_truths(dataset, rows)
    performance = ready.task.measure(predictions, truths)
    performance = performance.model_copy(update={"measured_on": MeasuredOn.EVALUATION_DATASET})
    return results.Measured(dataset, rows, predictions, truths, performance)


def _build_details(
    config: run_config.RunConfig, model: description.ModelDescription, digest: str, dataset: LoadedDataset
) -> dict[str, Any]:
    return {
        "model": {"uri": config.model.uri if config.model else None, "digest": digest, "version": model.version},
        "datasetRevision": dataset.revision,
        "images": {"evaluation": len(dataset.examples)},
    }
