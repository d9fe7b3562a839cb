"""What a run still has to do before its end, in the order in which it is done, and what that leaves for training.

Owns the list, and the three answers that follow from it: does a unit of work fit before the end, when must training
stop, may this optional output start now. Pure: all seconds are charged seconds, what the meter says is an argument.
Must not do any of what it lists.

Required is what a model cannot be handed over without. The rest is optional: it gives way where the machine became
slower than it was measured, so it is counted without a margin, but for the ONNX file, which users miss.
"""

import dataclasses
import math
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from darkroom_trainer.budget import refusal
from darkroom_trainer.budget.costs import Costs
from darkroom_trainer.budget.lost_work import NOTHING_LOST, LostWork
from darkroom_trainer.budget.slowdown import ALLOWED_SLOWDOWN, Slowdown
from darkroom_trainer.runtime import errors

HOLD_OUT_TIME_FRACTION: Final = 0.6
"""Of the training time. The rest refits the same weights on all data (see `training.refit`)."""
HEAD_TIME_FRACTION: Final = 0.4
"""Of the time for the score, at most this goes into frozen-feature classifiers, where a network is to follow."""
HEAD_MARGIN: Final = 1.5
"""Costs of a frozen-feature classifier are multiplied by this, as the search for one does (`heads.admission`)."""
MARGIN: Final = ALLOWED_SLOWDOWN
"""Costs of what comes after the training are multiplied by this; a slowdown counts from there on."""
EXPORT_MARGIN: Final = 1.5
"""The same of the ONNX file, the longest unit after which nothing can give way any more."""
EXPORT_KEPT: Final = 0.5
"""So many times its costs are kept besides: a machine that turns slower at the very end must not cost the file."""
UPLOADED_FILES: Final = 13
"""With the list of them, and the ONNX file twice."""


class RemainingWork(StrEnum):
    """What follows a run's steps, in this order."""

    HOLD_OUT_FINISH = "holdOutFinish"
    """`LearningTask.finish` of the model that is scored on the held-out images."""
    HOLD_OUT_SCORES = "holdOutScores"
    FINISH = "finish"
    """`LearningTask.finish` of the model that was refitted on all data."""
    CHECKPOINT = "checkpoint"
    """The last one; deleting it and leaving the receipt take as long, so it is done when the run ends."""
    EVALUATION = "evaluation"
    """The evaluation dataset, predicted and scored for the status."""
    WEIGHTS = "weights"
    """Weights, description, card, page: all that is not measured by itself."""
    ONNX = "onnx"
    SCORES = "scores"
    """All scores of metrics.json: hardly more than the few of the status, whose predictions they are of."""
    PICTURE = "picture"
    REPORT = "report"
    """The report's pictures; its page is always there."""
    UPLOADS = "uploads"


@dataclass(frozen=True)
class LedgerEntry:
    """One line of the list.

    `spare_seconds` is what an optional entry before it may take of it, should that be slow; `kept_seconds` is kept
    besides, so that it still fits where the machine turns slower before it begins.
    """

    work: RemainingWork
    cost_seconds: float
    is_optional: bool = False
    spare_seconds: float = 0.0
    kept_seconds: float = 0.0
    is_done: bool = False


@dataclass(frozen=True)
class Workload:
    """What there is to do, in images."""

    train_images: int
    hold_out_images: int
    evaluation_images: int
    batch_size: int
    finish_images: int = 0
    """Images that the model looks at once more after each fit (see `LearningTask.finish`)."""
    least_passes: int = 0
    """Image passes of the least useful training of a network; each image counts once at least."""
    is_head_enough: bool = False
    """Whether a frozen-feature classifier may be the whole model."""

    @property
    def least_steps(self) -> int:
        """Return the steps of the smallest training that is of any use."""
        return math.ceil(max(self.least_passes, self.train_images) / self.batch_size)


class RunLedger:
    """The list of one run. Costs are revised as they are measured, entries are settled as they are done.

    `lost` is what earlier attempts were charged for and this one cannot go on from.
    """

    def __init__(self, budget_seconds: float, costs: Costs, workload: Workload, lost: LostWork = NOTHING_LOST) -> None:
        self.budget_seconds = budget_seconds
        self.lost = lost
        self.workload = workload
        self.slowdown = Slowdown()
        self.costs = costs
        self._done: set[RemainingWork] = set()
        self.entries = self._list_entries()

    def revise(self, **measured_seconds: float) -> None:
        """Take over costs, by their names in `Costs`, from what was measured."""
        self.costs = dataclasses.replace(self.costs, **measured_seconds)
        self.entries = self._list_entries()

    def revise_finish(self, took_seconds: float, images: int) -> None:
        """Take over what `LearningTask.finish` took on so many images, for a fit on all of them."""
        whole_seconds = took_seconds * self.workload.train_images / images
        self.revise(finish_seconds=whole_seconds, finish_image_seconds=0.0)

    def compare_scoring(self, took_seconds: float, images: int) -> None:
        """Take over how slow the machine was when it predicted and scored so many images."""
        self.slowdown.rise(self.costs.measure_seconds + images * self.costs.image_seconds, took_seconds)

    def settle(self, *done: RemainingWork) -> None:
        """Note what is done, or will not be done any more."""
        self._done.update(done)
        self.entries = self._list_entries()

    @property
    def required_seconds(self) -> float:
        """Return what is left to do that a model cannot be handed over without."""
        return sum(entry.cost_seconds for entry in self.entries if not entry.is_done and not entry.is_optional)

    @property
    def reserve_seconds(self) -> float:
        """Return what is kept for everything that is left to do, at the speed that was measured."""
        return sum(entry.cost_seconds + entry.kept_seconds for entry in self.entries if not entry.is_done)

    @property
    def training_ends_at(self) -> float:
        """Return when training must stop for everything else to fit, at the present slowdown."""
        return self.budget_seconds - self.slowdown.factor * self.reserve_seconds

    @property
    def least_seconds(self) -> float:
        """Return what the least useful training of a network costs."""
        return self.workload.least_steps * self.costs.step_seconds

    @property
    def least_head_seconds(self) -> float:
        """Return what the least useful frozen-feature classifier costs: its fit, and each image through a network."""
        images_seconds = self.workload.train_images * self.costs.embed_image_seconds
        return HEAD_MARGIN * (self.costs.head_fit_seconds + images_seconds)

    def check_budget(self, charged_seconds: float) -> None:
        """Raise RunError(BudgetNotEnough), with a minimum and a suggestion, where no model of use fits any more."""
        least_seconds = self.least_seconds
        if self.workload.is_head_enough:
            least_seconds = min(least_seconds, self.least_head_seconds)
        self._require(charged_seconds, least_seconds)

    def plan_heads(self, charged_seconds: float) -> float:
        """Return when the search for a frozen-feature classifier must end; raises RunError(BudgetNotEnough).

        A network's least useful training must still fit after it, unless there is time for one of both only.
        """
        self.check_budget(charged_seconds)
        hold_out_seconds, head_seconds = self._find_hold_out_seconds(charged_seconds), self.least_head_seconds
        spare_seconds = max(0.0, hold_out_seconds - self.least_seconds)
        most_seconds = min(HEAD_TIME_FRACTION * hold_out_seconds, spare_seconds)
        if head_seconds <= spare_seconds:
            return charged_seconds + max(head_seconds, most_seconds)
        is_alone = head_seconds <= self.training_ends_at - charged_seconds
        return self.training_ends_at if is_alone else charged_seconds + most_seconds

    def plan_hold_out(self, charged_seconds: float) -> float:
        """Return when the hold-out run must end; raises RunError(BudgetNotEnough) where no network can be trained."""
        self._require(charged_seconds, self.least_seconds)
        return charged_seconds + self._find_hold_out_seconds(charged_seconds)

    def fits_network(self, charged_seconds: float) -> bool:
        """Return whether the least useful training of a network still fits."""
        return self.training_ends_at - charged_seconds >= self.least_seconds

    def _find_hold_out_seconds(self, charged_seconds: float) -> float:
        fraction = HOLD_OUT_TIME_FRACTION if self.workload.hold_out_images else 0.0
        return fraction * max(0.0, self.training_ends_at - charged_seconds)

    def _require(self, charged_seconds: float, least_seconds: float) -> None:
        left_seconds = self.training_ends_at - charged_seconds
        if left_seconds < least_seconds:
            fixed = self.budget_seconds - self.lost.charged_seconds - left_seconds
            suggested_seconds = refusal.SUGGESTED_FACTOR * max(least_seconds, self.least_seconds)
            raise self._refuse(fixed + least_seconds, fixed + suggested_seconds)

    def refuse_if_too_short(self, steps: int) -> None:
        """Raise RunError(BudgetNotEnough) where the machine became so slow that the model had no chance to learn.

        The plan rests on steps measured at the start; a model that got less than half of the least useful training
        says nothing about its data.
        """
        if steps < HOLD_OUT_TIME_FRACTION * self.workload.least_steps / 2:
            total = self.budget_seconds - self.lost.charged_seconds
            raise self._refuse(2 * total, 2 * refusal.SUGGESTED_FACTOR * total)

    def _refuse(self, minimum_seconds: float, suggested_seconds: float) -> errors.RunError:
        needed = refusal.NeededBudget(minimum_seconds, suggested_seconds, self.workload.train_images)
        return refusal.refuse_budget(self.budget_seconds, needed, self.lost)

    def may_start(self, work: RemainingWork, charged_seconds: float) -> bool:
        """Return whether an entry of the list may start now: with what is required after it, it must end in time."""
        others = sum(
            entry.cost_seconds
            for entry in self.entries
            if not entry.is_done and not entry.is_optional and entry.work is not work
        )
        return self._leaves(charged_seconds, self.compute_room(work) + others, self.slowdown.factor)

    def leaves_model(self, charged_seconds: float, slowdown: float) -> bool:
        """Return whether a step that ends then leaves what is required and an ONNX file, on a machine so slow.

        A step as slow as the slowest of the recent ones may take what is kept for scores and report, and no more.
        """
        return self._leaves(charged_seconds, self.required_seconds + self.compute_room(RemainingWork.ONNX), slowdown)

    def compute_room(self, work: RemainingWork) -> float:
        """Return what must be left for an entry beside what is required.

        An optional one may take longer than was estimated, so it gets room to spare: a part of those after it.
        """
        at = next(at for at, entry in enumerate(self.entries) if entry.work is work)
        entry, later = self.entries[at], self.entries[at + 1 :]
        return entry.cost_seconds + (sum(one.spare_seconds for one in later) if entry.is_optional else 0.0)

    def _leaves(self, charged_seconds: float, cost_seconds: float, slowdown: float) -> bool:
        return charged_seconds + slowdown * cost_seconds <= self.budget_seconds

    def _list_entries(self) -> tuple[LedgerEntry, ...]:
        """Return the list at the costs that are known; scores are of held-out images where there is no evaluation."""
        costs, load = self.costs, self.workload
        finish_seconds = _compute_finish(costs, load.finish_images)
        scored_images = load.evaluation_images or load.hold_out_images
        entries = (
            LedgerEntry(RemainingWork.HOLD_OUT_FINISH, finish_seconds),
            LedgerEntry(RemainingWork.HOLD_OUT_SCORES, _compute_scoring(costs, load.hold_out_images)),
            LedgerEntry(RemainingWork.FINISH, finish_seconds),
            LedgerEntry(RemainingWork.CHECKPOINT, MARGIN * costs.save_seconds),
            LedgerEntry(RemainingWork.EVALUATION, _compute_scoring(costs, load.evaluation_images)),
            LedgerEntry(RemainingWork.WEIGHTS, costs.unmeasured_seconds),
            LedgerEntry(
                RemainingWork.ONNX,
                EXPORT_MARGIN * costs.export_seconds,
                is_optional=True,
                kept_seconds=EXPORT_KEPT * costs.export_seconds,
            ),
            _build_optional(RemainingWork.SCORES, costs.scores_seconds, scored_images * costs.measure_image_seconds),
            _build_optional(RemainingWork.PICTURE, costs.picture_seconds),
            _build_optional(RemainingWork.REPORT, costs.report_seconds),
            LedgerEntry(RemainingWork.UPLOADS, MARGIN * costs.upload_file_seconds * UPLOADED_FILES),
        )
        return tuple(dataclasses.replace(entry, is_done=entry.work in self._done) for entry in entries)


def _build_optional(work: RemainingWork, fixed_seconds: float, images_seconds: float = 0.0) -> LedgerEntry:
    """Return an entry that gives way; half of what it takes however few images there are may go to one before it."""
    return LedgerEntry(work, fixed_seconds + images_seconds, is_optional=True, spare_seconds=fixed_seconds / 2)


def _compute_finish(costs: Costs, images: int) -> float:
    """Return what `LearningTask.finish` costs: its own work, and that on each image."""
    return MARGIN * (costs.finish_seconds + images * costs.finish_image_seconds) if images else 0.0


def _compute_scoring(costs: Costs, images: int) -> float:
    """Return what predicting and scoring `images` costs."""
    return MARGIN * (costs.measure_seconds + images * costs.image_seconds) if images else 0.0
