"""Everything that a training needs before its first step: data, recipes, costs, checkpoints.

Owns the order in which a bad run is found out: cheapest first. Must not train.
"""

from darkroom_predict.description import Preprocessing
from darkroom_trainer.checkpoints import checkpoint
from darkroom_trainer.loop import preparation
from darkroom_trainer.loop.recipe import Recipe, read_recipe
from darkroom_trainer.networks import backbones
from darkroom_trainer.search import pretrained as pretraining
from darkroom_trainer.tasks import registry
from darkroom_trainer.training import configuration, cost_measurement, run_data
from darkroom_trainer.training.run_context import RunContext
from darkroom_trainer.training.training_run import Measurable, TrainingRun


class NoCheckpoint(Exception):
    """A run that is told to publish what its newest checkpoint holds has no usable one."""


def prepare_run(context: RunContext) -> TrainingRun:
    """Return a training that is ready for its first step.

    Raises RunError: InvalidConfiguration, DatasetCorrupt, DatasetNotFound, StorageUnavailable, BudgetNotEnough,
    OutOfMemory; NoCheckpoint.
    """
    config = context.config
    kind = configuration.check_config(config)
    data = run_data.load_data(context, kind)
    task = registry.build_task(kind, data.dataset.labels)
    evaluation_revision = data.evaluation.revision if data.evaluation else None
    store, found = checkpoint.open_checkpoints(config, data.dataset.revision, evaluation_revision, context.meter)
    saved = found.checkpoint
    if config.publish_only and saved is None:
        raise NoCheckpoint
    pretrained = pretraining.open_pretrained(config, kind, context.work)
    saved_recipe = read_recipe(saved.state["recipe"]) if saved else None
    measured_recipes, ledger = cost_measurement.measure_costs(context, task, data, pretrained, saved_recipe, found.why)
    preprocessing = _build_preprocessing(measured_recipes[-1].recipe)
    build = (task, preprocessing, context.device, context.work, context.reporter)
    learned = preparation.build_data(data.dataset, data.rows.usable, *build)
    measurable = None
    if data.evaluation is not None:
        measurable = Measurable(data.evaluation, preparation.build_data(data.evaluation, data.evaluation_rows, *build))
    return TrainingRun(
        context=context,
        task=task,
        dataset=data.dataset,
        rows=data.rows,
        data=learned,
        evaluation=measurable,
        preprocessing=preprocessing,
        pretrained=pretrained,
        measured_recipes=measured_recipes,
        ledger=ledger,
        store=store,
        saved=saved,
    )


def _build_preprocessing(recipe: Recipe) -> Preprocessing:
    mean, std = backbones.read_preprocessing(recipe.backbone)
    return Preprocessing(recipe.image_size_px, mean, std)
