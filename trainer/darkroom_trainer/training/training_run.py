"""One training as its stages see it: what it works for, on what data, at what costs.

Owns the plan for what is left of the budget. Must not read or train anything.
"""

import dataclasses
import pathlib
import threading
from dataclasses import dataclass

from darkroom_api.run_config import RunConfig
from darkroom_predict import predictions
from darkroom_predict.description import Preprocessing
from darkroom_trainer.augmentation import policies
from darkroom_trainer.budget import budget, meter as meters
from darkroom_trainer.checkpoints import checkpoint
from darkroom_trainer.data.records.dataset import LoadedDataset
from darkroom_trainer.loop import recipe as recipes, training_loop
from darkroom_trainer.runtime import reporting
from darkroom_trainer.runtime.device import Device
from darkroom_trainer.search import measuring, portfolio as portfolios, pretrained as pretraining
from darkroom_trainer.tasks import base


@dataclass(frozen=True)
class Place:
    """Where a run works and whom it tells."""

    config: RunConfig
    work: pathlib.Path
    reporter: reporting.Reporter
    stop: threading.Event
    meter: meters.Meter
    device: Device

    @property
    def budget_seconds(self) -> float:
        """Return the whole budget, in charged seconds."""
        return self.config.budget_seconds or 0.0

    def report(self, stage: str, trial: int | None = None) -> None:
        """Tell the stage, and the trial that runs; the percentage is the share of the budget that is spent."""
        charged = self.meter.charged_seconds
        left = max(0.0, self.budget_seconds - charged)
        self.reporter.update(
            percent=min(100, int(100 * charged / self.budget_seconds)) if self.budget_seconds else 0,
            stage=stage,
            trial=trial,
            eta_seconds=int(left / self.meter.rate),
            charged_seconds=min(charged, self.budget_seconds) if self.budget_seconds else charged,
        )


@dataclass(frozen=True)
class Rows:
    """Which images of the dataset are trained on in the hold-out run, which score it, and all that can be used."""

    train: predictions.Integers
    held_out: predictions.Integers
    usable: predictions.Integers


@dataclass(frozen=True)
class Measurable:
    """The evaluation dataset, decoded."""

    dataset: LoadedDataset
    data: training_loop.TrainingData


@dataclass
class TrainingRun:
    """A training, prepared: `data` holds all images, `saved` what an earlier attempt left (there is no plan then)."""

    place: Place
    task: base.LearningTask
    dataset: LoadedDataset
    rows: Rows
    data: training_loop.TrainingData
    evaluation: Measurable | None
    preprocessing: Preprocessing
    pretrained: pretraining.Pretrained
    trials: list[measuring.MeasuredRecipe]
    costs: budget.Costs
    plan: budget.Plan | None
    store: checkpoint.CheckpointStore | None
    saved: checkpoint.Checkpoint | None
    light_image: float = 0.0
    """What a light head takes for an image, in charged seconds; held-out images are answered from the search."""
    pace: float = 1.0
    """How many times as long as it could the last step or export took: what follows will hardly be faster."""
    fastest: dict[tuple[str, int, int], float] = dataclasses.field(default_factory=dict)
    """What a step took at best, in charged seconds, by the recipe's shape."""

    @property
    def trial(self) -> measuring.MeasuredRecipe:
        """Return the recipe that is trained, with its costs."""
        return self.trials[-1]

    def plan_hold_out(self) -> training_loop.Window:
        """Return the window of the hold-out run, planned anew with what has been charged since the first plan."""
        self.plan = self._plan()
        return training_loop.Window(self.place.meter.charged_seconds, self.plan.hold_out_ends_at)

    def _plan(self) -> budget.Plan:
        place, costs, least_passes = self.place, self._learn_costs(), self.task.least_passes
        charged = place.meter.charged_seconds
        return budget.plan_budget(place.budget_seconds, charged, costs, self.build_workload(), least_passes)

    def _reserve(self, costs: budget.Costs) -> float:
        finish = self.build_workload().finish_images
        return self.pace * budget.compute_reserve(costs, self.num_measured, len(self.rows.held_out), finish)

    def build_workload(self) -> budget.Workload:
        """Return what the plan is about, in images."""
        return build_workload(self.task, self.rows, self.num_measured, self.trial.recipe.batch_size)

    def plan_final(self, most_seconds: float | None = None) -> training_loop.Window:
        """Return the window of the final fit: from now until the reserve begins, or for `most_seconds`."""
        reserve = self._reserve(self._learn_costs())
        now, ends_at = self.place.meter.charged_seconds, self.place.budget_seconds - reserve
        return training_loop.Window(now, ends_at if most_seconds is None else min(ends_at, now + most_seconds))

    def plan_resumed(self, window: training_loop.Window, *, is_hold_out: bool) -> training_loop.Window:
        """Return a saved window, cut where this machine needs a larger reserve than the one before."""
        costs = self._learn_costs()
        ends_at = self.place.budget_seconds - self._reserve(costs)
        if is_hold_out:
            ends_at -= budget.compute_scoring(costs, len(self.rows.held_out))
            ends_at -= budget.compute_finish(costs, self.build_workload().finish_images)
        return training_loop.Window(window.starts_at, min(window.ends_at, ends_at))

    @property
    def least_seconds(self) -> float:
        """Return what the least useful training costs, in charged seconds."""
        return budget.compute_least_steps(self.build_workload(), self.task.least_passes) * self.costs.step

    @property
    def portfolio(self) -> tuple[recipes.Recipe, ...]:
        """Return the recipes to try, best hope first."""
        chosen = self.trial
        cheaper = [trial.recipe for trial in self.trials[:-1] if trial.step_cost <= chosen.step_cost]
        others = [recipe for recipe in cheaper if recipe.backbone != chosen.recipe.backbone]
        may_mirror = policies.may_mirror(self.task.labels)
        return portfolios.build_portfolio(self.task.kind, chosen.recipe, others[-1:], may_mirror=may_mirror)

    @property
    def num_measured(self) -> int:
        """Return the images that the final model is measured on."""
        return 0 if self.evaluation is None else len(self.evaluation.data.rows)

    def _learn_costs(self) -> budget.Costs:
        """Take over what a checkpoint took, which is what a file of the model will take."""
        if self.store is not None and self.store.save_seconds:
            upload, save = self.store.file_seconds, self.store.save_seconds
            self.costs = dataclasses.replace(self.costs, upload_file=upload, save=save)
        return self.costs

    def learn_light(self, predict_image: float) -> None:
        """Add what a light head takes for an image, in charged seconds, to what the network takes."""
        self.light_image = predict_image
        self.costs = dataclasses.replace(self.costs, predict_image=self.costs.predict_image + predict_image)

    @property
    def network_costs(self) -> budget.Costs:
        """Return the costs without a light head: held-out images have its answers from the search."""
        return dataclasses.replace(self.costs, predict_image=self.costs.predict_image - self.light_image)

    def learn_measuring(self, measure_image: float | None) -> None:
        """Take over what predicting and scoring an image really took, in charged seconds."""
        if measure_image is not None:
            self.costs = dataclasses.replace(self.costs, predict_image=self.light_image, measure_image=measure_image)

    def learn_finish(self, took: float, num_rows: int) -> None:
        """Take over what `LearningTask.finish` took on so many images, in charged seconds, for a fit on all of them."""
        whole = took * len(self.rows.usable) / num_rows
        self.costs = dataclasses.replace(self.costs, finish=whole, finish_image=0.0)

    def learn_pace(self, estimated: float, took: float) -> None:
        """Take over how many times its estimate a unit took."""
        self.pace = budget.compute_pace(estimated, took)

    def learn_step(self, recipe: recipes.Recipe, took: float | None) -> None:
        """Take over the pace of a window's last steps, beside the best that steps of their shape took."""
        if took is not None:
            self.fastest[recipe.shape] = min(took, self.fastest.get(recipe.shape, took))
            self.pace = self.judge_pace(recipe, took)

    def judge_pace(self, recipe: recipes.Recipe, took: float | None) -> float:
        """Return the pace of steps that take so long now; the last one known where that says nothing."""
        best = self.fastest.get(recipe.shape)
        return self.pace if took is None or best is None else budget.compute_pace(best, took)

    def fits(self, cost: float) -> bool:
        """Return whether something optional that costs this still fits, with what is owed after it."""
        needed = self.pace * (cost + budget.compute_owed(self.costs, evaluation_images=0))
        return budget.is_admitted(self.place.meter.charged_seconds, needed, self.place.budget_seconds)

    def leaves_model(self, charged_seconds: float, pace: float, *, is_hold_out: bool) -> bool:
        """Return whether a step that ends then leaves what is owed and an export, on a machine of this pace.

        A step as slow as the slowest of late may take what is kept for scores and report, and no more.
        """
        finish_images = self.build_workload().finish_images
        owed = budget.compute_owed(self.costs, self.num_measured, finish_images)
        owed += budget.compute_export_room(self.costs)
        if is_hold_out:
            owed += budget.compute_scoring(self.costs, len(self.rows.held_out))
            owed += budget.compute_finish(self.costs, finish_images)
        return budget.is_admitted(charged_seconds, pace * owed, self.place.budget_seconds)


def build_workload(task: base.LearningTask, rows: Rows, num_measured: int, batch_size: int) -> budget.Workload:
    """Return what the plan is about, in images."""
    finish_images = min(len(rows.usable) + len(rows.held_out), task.most_finished)
    return budget.Workload(len(rows.usable), len(rows.held_out), num_measured, batch_size, finish_images)
