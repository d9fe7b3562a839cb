"""Everything that a training needs before its first step: data, recipes, costs, checkpoints.

Owns the order in which a bad run is found out: cheapest first. Must not train.
"""

from darkroom_trainer.checkpoints import checkpoint
from darkroom_trainer.search import pretrained as pretraining
from darkroom_trainer.tasks import registry
from darkroom_trainer.training import configuration, cost_measurement, decoding, run_data
from darkroom_trainer.training.run_context import RunContext
from darkroom_trainer.training.training_run import TrainingRun


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
    measured_recipes, ledger = cost_measurement.measure_costs(context, task, data, pretrained, saved, found.why)
    recipe = measured_recipes[-1].recipe
    if saved is not None:
        images = decoding.decode_data(context, task, data, recipe, decoding.read_side(saved.state, recipe), {})
    else:
        left_seconds = ledger.training_ends_at - context.meter.charged_seconds
        frozen = decoding.admit_networks(context, data, pretrained, left_seconds)
        side_px = decoding.choose_side(recipe, data, frozen)
        images = decoding.decode_data(context, task, data, recipe, side_px, frozen)
    return TrainingRun(
        context=context,
        task=task,
        dataset=data.dataset,
        rows=data.rows,
        data=images.learned,
        evaluation=images.evaluation,
        preprocessing=images.preprocessing,
        pretrained=pretrained,
        frozen=images.frozen,
        measured_recipes=measured_recipes,
        ledger=ledger,
        store=store,
        saved=saved,
    )
