"""What a run costs on this machine: recipes by a few timed steps, and the ledger that follows from them.

Owns the order: recipes first, since what the end of the run costs depends on the largest that is worthwhile. Must not
train.
"""

from typing import Final

import numpy as np

from darkroom_trainer.augmentation import policies
from darkroom_trainer.budget import costs, ledger, lost_work
from darkroom_trainer.checkpoints import checkpoint
from darkroom_trainer.loop import recipe as recipes
from darkroom_trainer.search import measuring, pretrained as pretraining
from darkroom_trainer.tasks import base
from darkroom_trainer.training.run_context import RunContext
from darkroom_trainer.training.run_data import RunData

MEASURED_IMAGES: Final = 64
TRANSFORMER_EXPORT_SECONDS: Final = 6.0
"""As `LearningTask.export_seconds`. D-FINE of 3.7 million parameters at 320 px takes 4.5 to 6.3 s in all."""


def measure_costs(
    context: RunContext,
    task: base.LearningTask,
    data: RunData,
    pretrained: pretraining.Pretrained,
    saved: checkpoint.Checkpoint | None,
    lost: str = "",
) -> tuple[list[measuring.MeasuredRecipe], ledger.RunLedger]:
    """Return the measured recipes, best last, and the ledger of a run that trains the last of them.

    A training that is resumed has its recipe and its plan. Another one has what earlier attempts left of the budget,
    and raises RunError(BudgetNotEnough) where no useful training fits; `lost` says why their work cannot be used.
    """
    context.report("Measuring the speed of this machine")
    usable = data.rows.usable[:MEASURED_IMAGES]
    targets = task.build_targets([data.dataset.examples[row] for row in usable], np.arange(len(usable)))
    divisor = context.config.batch_divisor
    images = len(data.rows.usable)
    setup = measuring.MeasuringSetup(task, targets, context.device, context.meter, pretrained, images, divisor)
    if saved is not None:
        known = [measuring.read_measured(one) for one in saved.state.get("measured", ())]
        measured = measuring.measure_again(setup, recipes.read_recipe(saved.state["recipe"]), known)
        return measured, _open_ledger(context, task, data, measured[-1])
    measured = _climb(context, task, data, setup)
    opened = _open_ledger(context, task, data, measured[-1], lost_work.LostWork(context.meter.carried_seconds, lost))
    opened.check_budget(context.meter.charged_seconds)
    return measured, opened


def _climb(
    context: RunContext, task: base.LearningTask, data: RunData, setup: measuring.MeasuringSetup
) -> list[measuring.MeasuredRecipe]:
    """Return the recipes that were measured, suited to the time that an end of the least cost would leave."""
    least = costs.estimate_costs(0.0, 0.0, context.meter.rate, task.export_seconds)
    workload = ledger.Workload(0, 0, len(data.evaluation_rows), batch_size=1)
    ends_at = ledger.RunLedger(context.budget_seconds, least, workload).training_ends_at

    def count_left() -> float:
        return ends_at - context.meter.charged_seconds

    measured = measuring.measure_recipes(setup, data.useful_side_px, count_left)
    may_mirror = task.kind.has_boxes and policies.may_mirror(task.labels)
    return measuring.suit_recipes(measured, len(data.rows.usable), count_left(), may_mirror=may_mirror)


def _open_ledger(
    context: RunContext,
    task: base.LearningTask,
    data: RunData,
    measured: measuring.MeasuredRecipe,
    lost: lost_work.LostWork = lost_work.NOTHING_LOST,
) -> ledger.RunLedger:
    smallest = TRANSFORMER_EXPORT_SECONDS if measured.recipe.network else task.export_seconds
    export = costs.estimate_export_wall_seconds(smallest, measured.million_parameters)
    rate, finish = context.meter.rate, measured.finish_cost
    rows = data.rows
    least_passes = recipes.count_least_passes(measured.recipe, task.least_passes)
    step_cost = measured.average_step(max(least_passes, len(rows.usable)), len(rows.usable))
    estimated = costs.estimate_costs(step_cost, measured.predict_image_cost, rate, export, finish)
    workload = ledger.Workload(
        train_images=len(rows.usable),
        hold_out_images=len(rows.held_out),
        evaluation_images=len(data.evaluation_rows),
        batch_size=measured.recipe.batch_size,
        finish_images=min(len(rows.usable) + len(rows.held_out), task.most_finished),
        least_passes=least_passes,
        is_head_enough=not task.kind.has_boxes,
    )
    return ledger.RunLedger(context.budget_seconds, estimated, workload, lost)
