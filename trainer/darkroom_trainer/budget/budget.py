"""How a budget is shared out: hold-out run, final fit, and a reserve for everything after it.

Owns planning and admission; pure. All seconds are charged seconds, the unit of the budget. Must not measure: costs are
arguments.
"""

import math
from dataclasses import asdict, dataclass
from typing import Final

from darkroom_api.conditions import Reason
from darkroom_api.durations import format_duration
from darkroom_trainer.runtime.errors import RunError

HOLD_OUT_SHARE: Final = 0.6
"""Of the training time. The rest refits the same weights on all data (see `training`)."""
MARGIN: Final = 1.25
"""Costs of what comes after the training are multiplied by this: measured once, on a machine that is shared."""
UPLOADED_FILES: Final = 12
EXPORT_SECONDS: Final = 0.15
"""A million parameters more, to write ONNX and run it against torch on one core."""
ROUNDING_MARGIN: Final = 1.2
"""The minimum and the suggestion are meant for another run, which may start a little slower."""
SUGGESTED_FACTOR: Final = 6
ALLOWED_PACE: Final = 1.5
"""Up to here, what is counted for costs that are not measured allows for a slower machine."""
SLOWEST_PACE: Final = 4.0
"""A machine that seems slower than this was measured wrongly; its word would take the budget from the training."""


@dataclass(frozen=True)
class Costs:
    """What was measured, in charged seconds, and what is not measured, at a rate of 1.

    `save` is a checkpoint's cost, `unmeasured` what has no name: a run should end within 5 % of its budget, which is
    1.5 s of the smallest useful one.
    """

    step: float
    predict_image: float
    upload_file: float = 0.1
    """Before a checkpoint's upload has been measured."""
    measure_image: float = 0.001
    measure: float = 0.1
    """What scoring takes however few images there are."""
    picture: float = 0.2
    record: float = 0.35
    report: float = 0.4
    export: float = 0.4
    unmeasured: float = 0.4
    save: float = 0.0
    finish: float = 0.0
    """What `LearningTask.finish` takes however few images it looks at."""
    finish_image: float = 0.0
    """What it takes for an image more."""


def estimate_costs(
    step: float, predict_image: float, rate: float, export_seconds: float = Costs.export, finish: float = 0.0
) -> Costs:
    """Return costs with what is not measured yet filled in; a second on the clock is charged as `rate` seconds."""
    image = predict_image / rate
    wall = Costs(step / rate, image, export=export_seconds, finish=finish / rate, finish_image=image)
    return Costs(**{name: value * rate for name, value in asdict(wall).items()})


def estimate_export(smallest_seconds: float, million_parameters: float) -> float:
    """Return what writing ONNX takes on one core, in seconds on the clock; `smallest_seconds` is the task's."""
    return smallest_seconds + EXPORT_SECONDS * million_parameters


@dataclass(frozen=True)
class Workload:
    """What there is to do, in images."""

    train_images: int
    hold_out_images: int
    evaluation_images: int
    batch_size: int
    finish_images: int = 0
    """Images that the model looks at once more after each fit (see `LearningTask.finish`)."""


@dataclass(frozen=True)
class Plan:
    """When each stage has to end, in charged seconds since the run's start."""

    hold_out_ends_at: float
    final_ends_at: float
    reserve_seconds: float
    scoring_seconds: float


def compute_scoring(costs: Costs, images: int) -> float:
    """Return what predicting and measuring `images` costs."""
    return MARGIN * (costs.measure + images * (costs.predict_image + costs.measure_image)) if images else 0.0


def learn_measure_image(took: float, images: int, costs: Costs) -> float:
    """Return what predicting and measuring an image costs, by what `images` of them took.

    A handful of images takes hardly more than what is fixed; a hundredfold of it would keep a good part of the budget
    for an evaluation of some hundred images. So an image costs at most a part of all, and at least what was expected.
    """
    expected = costs.predict_image + costs.measure_image
    return min(took / images, max(expected, (took - costs.measure) / images))


def compute_record(costs: Costs, images: int) -> float:
    """Return what all scores of `images` cost for metrics.json: hardly more than the few of the status did."""
    return costs.record + images * (costs.predict_image + costs.measure_image)


def compute_finish(costs: Costs, images: int) -> float:
    """Return what `LearningTask.finish` costs: its own work, and that on each image."""
    return MARGIN * (costs.finish + images * costs.finish_image) if images else 0.0


def compute_owed(costs: Costs, evaluation_images: int, finish_images: int = 0) -> float:
    """Return what a model cannot be handed over without: its checkpoint, its evaluation, its weights, the uploads."""
    after = compute_scoring(costs, evaluation_images) + MARGIN * (costs.save + costs.upload_file * UPLOADED_FILES)
    return costs.unmeasured + after + compute_finish(costs, finish_images)


def compute_reserve(costs: Costs, evaluation_images: int, hold_out_images: int = 0, finish_images: int = 0) -> float:
    """Return what must be left after the final fit: what is owed, all scores, the export, the picture and the report.

    Scores are those of the held-out images where there is no evaluation. They and what follows give way where a machine
    became slower than it was measured (see `publishing`), so they are counted without a margin, but for the export.
    """
    told = compute_record(costs, evaluation_images or hold_out_images) + costs.picture + costs.report
    return compute_owed(costs, evaluation_images, finish_images) + told + MARGIN * costs.export


def compute_export_room(costs: Costs) -> float:
    """Return what must be left for an export beside what is owed.

    It cannot be cut short, nor can the scores and a picture, so each may take half of what gives way after it besides.
    """
    return MARGIN * costs.export + (costs.record + costs.picture + costs.report) / 2


def compute_record_room(costs: Costs, images: int) -> float:
    """Return what must be left for all scores of `images` beside what is owed."""
    return compute_record(costs, images) + (costs.picture + costs.report) / 2


def compute_picture_room(costs: Costs) -> float:
    """Return what must be left for a sample more in the picture beside what is owed."""
    return costs.picture + costs.report / 2


def compute_least_steps(workload: Workload, least_passes: int) -> int:
    """Return the steps of the smallest training that is of any use: each image once, and at least `least_passes`."""
    return math.ceil(max(least_passes, workload.train_images) / workload.batch_size)


def plan_budget(
    budget_seconds: float, charged_seconds: float, costs: Costs, workload: Workload, least_passes: int
) -> Plan:
    """Return the plan for what is left; raises RunError(BudgetNotEnough) with a minimum and a suggestion."""
    finish = workload.finish_images
    reserve = compute_reserve(costs, workload.evaluation_images, workload.hold_out_images, finish)
    scoring = compute_scoring(costs, workload.hold_out_images) + compute_finish(costs, finish)
    training = budget_seconds - charged_seconds - reserve - scoring
    least = compute_least_steps(workload, least_passes) * costs.step
    if training < least:
        fixed = charged_seconds + reserve + scoring
        raise refuse_budget(budget_seconds, fixed + least, fixed + SUGGESTED_FACTOR * least, workload)
    share = HOLD_OUT_SHARE if workload.hold_out_images else 0.0
    return Plan(
        hold_out_ends_at=charged_seconds + share * training,
        final_ends_at=budget_seconds - reserve,
        reserve_seconds=reserve,
        scoring_seconds=scoring,
    )


def refuse_budget(budget_seconds: float, minimum: float, suggested: float, workload: Workload) -> RunError:
    """Return the end of a run whose budget cannot hold one useful training."""
    least = round_up(max(minimum * ROUNDING_MARGIN, budget_seconds))
    better = max(round_up(suggested * ROUNDING_MARGIN), 2 * least)
    message = (
        f"budget {format_duration(budget_seconds)} is not enough: at least {format_duration(least)}, "
        f"{format_duration(better)} suggested for {workload.train_images:,} images at the speed measured here"
    )
    return RunError(Reason.BUDGET_NOT_ENOUGH, message)


def round_up(seconds: float) -> int:
    """Return seconds rounded up to what a person would write: fives, then half minutes, minutes, then ten minutes."""
    for limit, grain in ((60, 5), (300, 30), (3600, 60)):
        if seconds <= limit:
            return grain * math.ceil(seconds / grain)
    return 600 * math.ceil(seconds / 600)


def compute_pace(estimated: float, took: float) -> float:
    """Return how many times its estimate a unit of work took, at most SLOWEST_PACE; 1 where margins allow for it."""
    pace = took / max(1e-9, estimated)
    return min(SLOWEST_PACE, pace) if pace > ALLOWED_PACE else 1.0


def is_admitted(charged_seconds: float, cost: float, ends_at: float) -> bool:
    """Return whether a unit of work that costs `cost` may start: it must end by `ends_at`."""
    return charged_seconds + cost <= ends_at
