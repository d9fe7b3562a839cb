"""Everything that a training needs before its first step: data, recipe, costs, plan.

Owns the order in which a bad run is found out: cheapest first. Must not train.
"""

from typing import Final

import numpy as np

from darkroom_api import conditions, run_config
from darkroom_api.v1alpha1.common import Task
from darkroom_predict import predictions
from darkroom_predict.description import Preprocessing
from darkroom_trainer.budget import budget
from darkroom_trainer.checkpoints import checkpoint
from darkroom_trainer.data import annotations, loading, splitting
from darkroom_trainer.data.records import dataset as datasets
from darkroom_trainer.loop import preparation, recipe as recipes
from darkroom_trainer.networks import backbones
from darkroom_trainer.runtime import errors
from darkroom_trainer.search import measuring, pretrained as pretraining, resolution
from darkroom_trainer.storage.objects import explain_storage_error, open_storage, retry_storage
from darkroom_trainer.tasks import base, registry
from darkroom_trainer.training import training_run
from darkroom_trainer.weights import catalogue

BENCH_IMAGES: Final = 64


class NothingKept(Exception):
    """A run that is told to publish what its newest checkpoint holds has no usable one."""


def prepare_run(place: training_run.Place) -> training_run.TrainingRun:
    """Return a training that is ready for its first step.

    Raises RunError: InvalidConfiguration, DatasetCorrupt, DatasetNotFound, StorageUnavailable, BudgetNotEnough,
    OutOfMemory; NothingKept.
    """
    kind = check_config(place.config)
    dataset = loading.load_dataset(place.config.dataset, place.work, place.reporter)
    evaluation = _load_evaluation(place, dataset.labels)
    task = registry.build_task(kind, dataset.labels)
    rows = _split(dataset, task, place.config.seed)
    store, saved = _open_store(place, dataset, evaluation)
    if place.config.publish_only and saved is None:
        raise NothingKept
    pretrained = pretraining.open_pretrained(place.config, kind, place.work)
    trials, costs, plan = _choose(place, task, dataset, rows, evaluation, saved, pretrained)
    preprocessing = _build_preprocessing(trials[-1].recipe)
    build = (task, preprocessing, place.device, place.work, place.reporter)
    data = preparation.build_data(dataset, rows.usable, *build)
    measurable = None
    if evaluation is not None:
        measured_rows = annotations.find_usable_rows(evaluation, kind)
        measurable = training_run.Measurable(evaluation, preparation.build_data(evaluation, measured_rows, *build))
    return training_run.TrainingRun(
        place=place,
        task=task,
        dataset=dataset,
        rows=rows,
        data=data,
        evaluation=measurable,
        preprocessing=preprocessing,
        pretrained=pretrained,
        trials=trials,
        costs=costs,
        plan=plan,
        store=store,
        saved=saved,
    )


def check_config(config: run_config.RunConfig) -> Task:
    """Return the task; raises RunError(InvalidConfiguration) naming the field that cannot be."""
    if config.task is None or config.budget_seconds is None:
        field = "task" if config.task is None else "budgetSeconds"
        raise errors.RunError(conditions.Reason.INVALID_CONFIGURATION, f"{field}: a training needs it")
    registry.check_trainable(config.task)
    catalogue.check_backbone(config.backbone, config.task)
    source = config.dataset
    annotations.check_annotation_kind(
        source.name, source.annotation_kind, config.task, conditions.Reason.INVALID_CONFIGURATION, "task"
    )
    return config.task


def _load_evaluation(place: training_run.Place, labels: tuple[str, ...]) -> datasets.LoadedDataset | None:
    source = place.config.evaluation_dataset
    if source is None:
        return None
    assert place.config.task is not None, "check_config came first"
    annotations.check_annotation_kind(
        source.name,
        source.annotation_kind,
        place.config.task,
        conditions.Reason.INVALID_CONFIGURATION,
        "evaluationDataset",
    )
    return annotations.align_labels(loading.load_dataset(source, place.work, place.reporter), labels)


def _split(dataset: datasets.LoadedDataset, task: base.LearningTask, seed: int) -> training_run.Rows:
    usable = annotations.find_usable_rows(dataset, task.kind)
    train, held_out = splitting.split_rows(dataset.examples, usable, seed, by_label=True)
    return training_run.Rows(train, held_out, usable)


def _open_store(
    place: training_run.Place, dataset: datasets.LoadedDataset, evaluation: datasets.LoadedDataset | None
) -> tuple[checkpoint.CheckpointStore | None, checkpoint.Checkpoint | None]:
    """Return the run's checkpoints, claimed for this attempt, and the newest one that fits this run."""
    config = place.config
    if config.output is None:
        return None, None
    opened = open_storage(config.output.storage)
    fingerprint = checkpoint.compute_fingerprint(config, dataset.revision, evaluation.revision if evaluation else None)
    store = checkpoint.CheckpointStore(
        opened, config.output.uri, config.attempt, fingerprint, place.meter, place.budget_seconds
    )
    try:
        retry_storage(store.claim.take)
        return store, retry_storage(store.load_newest)
    except errors.StorageError as error:
        raise explain_storage_error(error, config.output.storage, is_output=True) from error


def _choose(
    place: training_run.Place,
    task: base.LearningTask,
    dataset: datasets.LoadedDataset,
    rows: training_run.Rows,
    evaluation: datasets.LoadedDataset | None,
    saved: checkpoint.Checkpoint | None,
    pretrained: pretraining.Pretrained,
) -> tuple[list[measuring.MeasuredRecipe], budget.Costs, budget.Plan | None]:
    """Return the measured recipes, the costs of the last one, and the plan (None for a resumed run: it has one)."""
    place.report("Measuring the speed of this machine")
    num_measured = len(evaluation.examples) if evaluation else 0
    rate = place.meter.rate
    first = budget.estimate_costs(0.0, 0.0, rate, task.export_seconds)
    reserve = budget.compute_reserve(first, num_measured)
    targets = task.build_targets([dataset.examples[row] for row in rows.usable[:BENCH_IMAGES]], _count(rows))
    bench = measuring.MeasuringSetup(task, targets, place.device, place.meter, pretrained, place.config.batch_divisor)
    if saved is not None:
        trial = measuring.measure_recipe(bench, recipes.read_recipe(saved.state["recipe"]))
        return [trial], _estimate(task, trial, rate), None
    side = _measure_side(dataset, task)

    def count_left() -> float:
        return place.budget_seconds - place.meter.charged_seconds - reserve

    trials = measuring.suit_recipes(
        measuring.measure_recipes(bench, side, count_left), images=len(rows.usable), left_seconds=count_left()
    )
    chosen = trials[-1]
    costs = _estimate(task, chosen, rate)
    workload = training_run.build_workload(task, rows, num_measured, chosen.recipe.batch_size)
    charged = place.meter.charged_seconds
    return trials, costs, budget.plan_budget(place.budget_seconds, charged, costs, workload, task.least_passes)


def _estimate(task: base.LearningTask, trial: measuring.MeasuredRecipe, rate: float) -> budget.Costs:
    export = budget.estimate_export(task.export_seconds, trial.million_parameters)
    return budget.estimate_costs(trial.step_cost, trial.predict_image_cost, rate, export, trial.finish_cost)


def _measure_side(dataset: datasets.LoadedDataset, task: base.LearningTask) -> float:
    """Return how large images are worth being, in pixels; small boxes need every pixel that there is."""
    side = annotations.measure_source_side(dataset)
    if task.kind.has_boxes:
        return side
    return min(side, resolution.measure_detail_side(dataset.examples))


def _count(rows: training_run.Rows) -> predictions.Integers:
    return np.arange(min(BENCH_IMAGES, len(rows.usable)))


def _build_preprocessing(recipe: recipes.Recipe) -> Preprocessing:
    mean, deviation = backbones.read_preprocessing(recipe.backbone)
    return Preprocessing(recipe.image_size_px, mean, deviation)
