"""The `evaluate` command: a finished model, measured on a dataset.

Owns the order of an evaluation, cheapest checks first: a wrong model is refused before torch is imported.
"""

import json
import pathlib
import threading
from typing import Any, Final

from darkroom_api import conditions, report, run_config
from darkroom_api.v1alpha1.common import MeasuredOn
from darkroom_predict import description
from darkroom_trainer.budget import meter as meters
from darkroom_trainer.data import annotations, loading
from darkroom_trainer.data.records import dataset as datasets
from darkroom_trainer.export import artifacts, results
from darkroom_trainer.report import inputs, writing
from darkroom_trainer.runtime import errors, reporting
from darkroom_trainer.storage.objects import join_uri

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
    source = config.dataset
    annotations.check_annotation_kind(
        source.name, source.annotation_kind, model.task, conditions.Reason.INCORRECT_MODEL_KIND, "model"
    )
    dataset = annotations.align_labels(loading.load_dataset(source, work, reporter), model.labels)
    reporter.update(percent=40, stage="Measuring", charged_seconds=meter.charged_seconds)
    measured = _measure(dataset, model, folder, work, reporter)
    reporter.update(percent=90, stage="Uploading", charged_seconds=meter.charged_seconds)
    out = work / RESULTS_FOLDER
    out.mkdir(parents=True, exist_ok=True)
    names = results.write_results(out, model, measured, _build_details(config, model, listed.digest, dataset))
    metrics = json.loads((out / results.METRICS_NAME).read_text(encoding="utf-8"))
    names += writing.write_report(out, inputs.ReportInputs(config.resource.name, model, metrics, measured))
    published = artifacts.publish_files(out, names, config.output)
    return report.Outcome(
        command=config.command,
        reason=conditions.Reason.SUCCEEDED,
        message=results.describe_performance(measured.performance, dataset.name),
        performance=measured.performance,
        artifacts=published,
        dataset_revision=dataset.revision,
        model_digest=listed.digest,
        report=join_uri(published.uri, writing.PAGE_NAME) if published else None,
    )


def _measure(
    dataset: datasets.LoadedDataset,
    model: description.ModelDescription,
    folder: pathlib.Path,
    work: pathlib.Path,
    reporter: reporting.Reporter,
) -> results.Measured:
    from darkroom_trainer.loop import inference, preparation
    from darkroom_trainer.prediction import torch_predictor
    from darkroom_trainer.runtime.device import prepare_device

    ready = torch_predictor.build_predictor(folder, model, prepare_device())
    rows = annotations.find_usable_rows(dataset, model.task)
    data = preparation.build_data(dataset, rows, ready.task, model.preprocessing, ready.device, work, reporter)
    predictions = inference.predict_rows(ready.model, ready.task, data, rows, ready.device)
    truths = annotations.build_truths(dataset, rows)
    performance = ready.task.measure(predictions, truths)
    performance = performance.model_copy(update={"measured_on": MeasuredOn.EVALUATION_DATASET})
    return results.Measured(dataset, rows, predictions, truths, performance)


def _build_details(
    config: run_config.RunConfig, model: description.ModelDescription, digest: str, dataset: datasets.LoadedDataset
) -> dict[str, Any]:
    return {
        "model": {"uri": config.model.uri if config.model else None, "digest": digest, "version": model.version},
        "datasetRevision": dataset.revision,
        "images": {"evaluation": len(dataset.examples)},
    }
