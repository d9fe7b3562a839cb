"""Everything that a training needs before its first step: data, recipes, costs, checkpoints.

Owns the order in which a bad run is found out: cheapest first. Must not train.
"""

from collections.abc import Mapping

from darkroom_predict.description import Preprocessing
from darkroom_trainer.budget.ledger import RunLedger
from darkroom_trainer.checkpoints import checkpoint
from darkroom_trainer.loop import preparation
from darkroom_trainer.loop.recipe import Recipe, read_recipe
from darkroom_trainer.networks import backbones
from darkroom_trainer.networks.frozen_networks import FrozenNetwork
from darkroom_trainer.search import frozen_admission, pretrained as pretraining, resolution
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
    frozen = {} if saved else _admit_networks(context, data, pretrained, ledger)
    recipe = measured_recipes[-1].recipe
    size_px = int(saved.state["imageSize"]) if saved else _choose_side(recipe, data, frozen)
    preprocessing = Preprocessing(size_px, *backbones.read_preprocessing(recipe.backbone))
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
        frozen={name: network.resized_from(size_px) for name, network in frozen.items()},
        measured_recipes=measured_recipes,
        ledger=ledger,
        store=store,
        saved=saved,
    )


def _admit_networks(
    context: RunContext, data: run_data.RunData, pretrained: pretraining.Pretrained, ledger: RunLedger
) -> dict[str, FrozenNetwork]:
    """Return the pretrained networks whose features of all images the run can pay for."""
    if data.task.has_boxes:
        return {}
    images = len(data.rows.usable) + len(data.evaluation_rows)
    left_seconds = ledger.training_ends_at - context.meter.charged_seconds
    return frozen_admission.admit_networks(pretrained, context.device, context.meter, images, left_seconds)


def _choose_side(recipe: Recipe, data: run_data.RunData, frozen: Mapping[str, FrozenNetwork]) -> int:
    """Return the side that images are decoded at."""
    if not frozen:
        return recipe.image_size_px
    frozen_px = [network.look.size_px for network in frozen.values()]
    return resolution.choose_decoded_side(recipe.image_size_px, data.useful_side_px, frozen_px)
