"""The training loop: while there is budget, step; now and then, tell and keep.

Owns the step and the schedule. The schedule's position is the share of the window that is spent, so that a run ends
annealed exactly on its budget on a machine of any speed. Must not know tasks, storage or how a window was chosen.
"""

import functools
import math
import threading
from collections import abc, deque
from dataclasses import dataclass
from typing import Any, Final, Protocol

import torch

from darkroom_trainer.augmentation import policies
from darkroom_trainer.budget import meter as meters
from darkroom_trainer.budget.step_costs import StepCosts
from darkroom_trainer.features import normalization
from darkroom_trainer.loop import feeding, kept_maps
from darkroom_trainer.loop.feeding import TrainingData as TrainingData, find_batch as find_batch
from darkroom_trainer.loop.recipe import Recipe, count_kept_views
from darkroom_trainer.networks import resizing_layers, stages
from darkroom_trainer.runtime import device as devices, stopping
from darkroom_trainer.tasks import base

WARM_UP: Final = 0.15
FIRST_RATE: Final = 0.04
"""One-cycle (Smith and Topin, arXiv 1708.07120): rise over the first share, then fall along a cosine to nothing."""
GRADIENT_NORM: Final = 5.0
LOSS_WINDOW: Final = 20
"""Steps between two looks at the loss; each look waits for the device."""
LOSS_SECONDS: Final = 5.0
"""Charged seconds after which the loss is looked at in any case."""
QUEUED_STEPS: Final = 3

CountTerms = abc.Callable[[], torch.Tensor]


class NonFiniteLoss(Exception):
    """The loss became infinite or not a number."""


@dataclass(frozen=True)
class Window:
    """The part of the budget that a training may use, in charged seconds."""

    starts_at: float
    ends_at: float

    def share(self, charged_seconds: float) -> float:
        """Return how much of the window is spent, from 0 to 1."""
        length = max(1e-9, self.ends_at - self.starts_at)
        return min(1.0, max(0.0, (charged_seconds - self.starts_at) / length))


class Peers(Protocol):
    """The devices that share each step: `rank` takes every `size`-th row of the batch, from its own place on."""

    @property
    def rank(self) -> int:
        """Return this device's place, from 0."""

    @property
    def size(self) -> int:
        """Return the number of devices."""

    def announce(self, rate: float, batch_size: int) -> None:
        """Have the others begin the same step."""

    def backward(self, model: torch.nn.Module, loss: torch.Tensor, count_terms: CountTerms) -> torch.Tensor:
        """Leave the gradients of the whole batch in the model; returns the whole batch's loss."""

    def check(self) -> None:
        """Raise where one of them was lost, so that nothing is kept of a step that was not whole."""


@dataclass(frozen=True)
class Alone:
    """One device without others. With a `size` above 1 it takes its slice only, to measure what a slice costs."""

    rank: int = 0
    size: int = 1

    def announce(self, rate: float, batch_size: int) -> None:
        """There is nobody to tell."""

    def backward(self, _model: torch.nn.Module, loss: torch.Tensor, _count_terms: CountTerms) -> torch.Tensor:
        """Compute the gradients of this batch."""
        loss.backward()  # type: ignore[no-untyped-call]
        return loss.detach()

    def check(self) -> None:
        """There is nobody to lose."""


class Learner:
    """A model with its optimizer and its place in the data: what a checkpoint has to hold."""

    def __init__(
        self,
        task: base.LearningTask,
        model: torch.nn.Module,
        data: TrainingData,
        recipe: Recipe,
        device: devices.Device,
        seed: int,
    ) -> None:
        self.task = task
        self._trained = stages.freeze(model, recipe.backbone, recipe.trained_stages)
        self._division = None if recipe.trained_stages is None else stages.divide(model)
        model = resizing_layers.fit_network(model, int(data.images.shape[1]), recipe.image_size_px)
        self.model = model.to(device.torch_device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.data = data
        self.recipe = recipe
        self.device = device
        self.seed = seed
        self.step = 0
        self.rate_scale = 1.0
        self.peers: Peers = Alone()
        self.kept = kept_maps.KeptMaps()
        self.optimizer = _build_optimizer(self._trained.rates, recipe)
        self._parameters = [value for value, _ in self._trained.rates]
        self._feeder = feeding.Feeder(device)

    def train_step(self, share: float) -> torch.Tensor:
        """Take one step at this share of the window; returns the loss, still on the device."""
        return self.take_step(self.recipe.peak_learning_rate * self.rate_scale * schedule_rate(share))

    def take_step(self, rate: float) -> torch.Tensor:
        """Take one step, together with the peers, at this learning rate; returns the whole batch's loss."""
        for group in self.optimizer.param_groups:
            group["lr"] = rate * group["rate_scale"]
        self.peers.announce(rate, self.recipe.batch_size)
        self._trained.hold_still()
        is_kept = self._division is not None and self.recipe.kept_views > 0
        outputs, targets = self._answer_kept() if is_kept else self._answer_batch()
        loss = self.task.compute_loss(outputs, targets)
        self.optimizer.zero_grad(set_to_none=True)
        loss = self.peers.backward(self.model, loss, lambda: self.task.count_terms(outputs, targets))
        clip_gradients(self._parameters)
        self.optimizer.step()
        self.step += 1
        return loss

    def _answer_batch(self) -> tuple[torch.Tensor, base.Targets]:
        batch = self._load_batch()
        with self.device.mixed_precision():
            outputs = self.model(normalization.normalize_in_place(batch.images, self.data.mean, self.data.std))
        return outputs, batch.targets

    def _load_batch(self) -> base.Batch:
        """Return this device's rows of the step's batch; which rows and how they vary depends on no device."""
        policy = self._read_policy()
        found = self._feeder.take(self._build_feed(self.task.count_others(policy)))
        others = None
        if found.other_images is not None and found.other_targets is not None:
            others = base.Batch(normalization.to_float(found.other_images), found.other_targets)
        return self.task.augment(
            base.Batch(normalization.to_float(found.images), found.targets), found.draws, policy, others
        )

    def _answer_kept(self) -> tuple[torch.Tensor, base.Targets]:
        """Return what the trained part says of the maps of the step's rows: in epoch n of one variation of each."""
        recipe, feed = self.recipe, self._build_feed()
        epochs, rows = feeding.find_slice(feed)
        shape = (recipe.backbone, recipe.image_size_px, recipe.trained_stages, recipe.augmentation)
        views = [epoch % count_kept_views(epoch, recipe.kept_views) for epoch in epochs.tolist()]
        looks = [
            self.kept.take((shape, view, row), functools.partial(self.look, view, row))
            for view, row in zip(views, rows.tolist(), strict=True)
        ]
        maps, targets = kept_maps.join_looks(looks)
        assert self._division is not None, "asked for by the caller"
        with self.device.mixed_precision():
            return self._division.answer(maps), targets

    @property
    def is_divided(self) -> bool:
        """Return whether maps of the frozen stages can be kept."""
        return self._division is not None

    def look(self, view: int, row: int) -> kept_maps.VariationMaps:
        """Return what the frozen stages say of one variation of an image; of it alone, so that it is the same again."""
        assert self._division is not None, "there are frozen stages to ask"
        found = feeding.gather_variation(self._build_feed(), view, row, self.device)
        batch = self.task.augment(
            base.Batch(normalization.to_float(found.images), found.targets), found.draws, self._read_policy()
        )
        with self.device.mixed_precision():
            images = normalization.normalize_in_place(batch.images, self.data.mean, self.data.std)
            return kept_maps.VariationMaps(self._division.look(images), batch.targets)

    def _build_feed(self, others: int = 0) -> feeding.Feed:
        return feeding.Feed(
            data=self.data,
            seed=self.seed,
            step=self.step,
            batch_size=self.recipe.batch_size,
            rank=self.peers.rank,
            size=self.peers.size,
            draws=self.task.augmentation_draws,
            others=others,
            size_px=self.recipe.image_size_px,
        )

    def _read_policy(self) -> policies.AugmentationPolicy:
        return policies.limit_policy(policies.read_policy(self.recipe.augmentation), self.task.labels)


def _build_optimizer(rates: list[tuple[torch.nn.Parameter, float]], recipe: Recipe) -> torch.optim.Optimizer:
    """Return AdamW that decays matrices and kernels only: scales and biases have no reason to shrink."""
    kinds = dict.fromkeys((scale, is_decayed) for scale in dict(rates).values() for is_decayed in (True, False))
    groups: list[dict[str, Any]] = [
        {
            "params": [value for value, one in rates if one == scale and (value.ndim > 1) is is_decayed],
            "weight_decay": recipe.weight_decay if is_decayed else 0.0,
            "rate_scale": scale,
        }
        for scale, is_decayed in kinds
    ]
    return torch.optim.AdamW([group for group in groups if group["params"]], lr=recipe.peak_learning_rate, fused=True)


def schedule_rate(share: float) -> float:
    """Return the learning rate at a share of the window, as a part of the peak."""
    if share < WARM_UP:
        return FIRST_RATE + (1 - FIRST_RATE) * share / WARM_UP
    return 0.5 * (1 + math.cos(math.pi * (share - WARM_UP) / (1 - WARM_UP)))


def clip_gradients(parameters: list[torch.nn.Parameter]) -> None:
    """Shorten the gradients of all to GRADIENT_NORM together; on a CPU that reads them once where they are shorter."""
    norm = torch.nn.utils.get_total_norm([value.grad for value in parameters if value.grad is not None])
    if norm.is_cuda or not norm <= GRADIENT_NORM:
        torch.nn.utils.clip_grads_with_norm_(parameters, GRADIENT_NORM, norm)


@dataclass(frozen=True)
class Hooks:
    """What the loop tells: `observe(share, loss)` at each look at a finite loss, `keep(learner)` after each step.

    `is_due` asks for a look at the loss before its turn; `may_end_at(charged_seconds, recent_seconds)` tells
    whether a step that ends then would still leave what must follow, where recent steps take so long (None: too few).
    """

    observe: abc.Callable[[float, float], None]
    keep: abc.Callable[["Learner"], None]
    is_due: abc.Callable[[], bool] = lambda: False
    may_end_at: abc.Callable[[float, float | None], bool] = lambda _charged_seconds, _recent_seconds: True


def train_window(
    learner: Learner,
    window: Window,
    meter: meters.Meter,
    hooks: Hooks,
    stop: threading.Event | None = None,
    first_step_seconds: float = 0.0,
) -> float | None:
    """Step until the window is spent; a step starts only if its measured cost still fits, and the slowest recent one.

    `first_step_seconds` is what the first one is expected to take.

    Returns what a step took in the end, in charged seconds, None where there was none. Raises NonFiniteLoss, and
    RunStopped once `stop` is set (the caller keeps what is to be kept).
    """
    costs = StepCosts()
    losses: list[torch.Tensor] = []
    pace = _Pace(learner.device)
    before = looked_at = meter.charged_seconds
    while _may_step(costs, first_step_seconds, before, window, hooks):
        if stop is not None and stop.is_set():
            raise stopping.RunStopped
        losses.append(learner.train_step(window.share(before)))
        pace.wait()
        if len(losses) >= LOSS_WINDOW or before - looked_at >= LOSS_SECONDS or hooks.is_due():
            loss = _check_loss(losses)
            learner.peers.check()
            hooks.observe(window.share(before), loss)
            losses.clear()
            looked_at = before
        hooks.keep(learner)
        now = meter.charged_seconds
        costs.add(now - before)
        before = now
    if losses:
        hooks.observe(1.0, _check_loss(losses))
    return costs.recent_median(least_steps=1)


def _may_step(costs: StepCosts, first_step_seconds: float, now: float, window: Window, hooks: Hooks) -> bool:
    """Return whether a step may start now."""
    high, highest = (costs.high, costs.highest) if len(costs) else (first_step_seconds, first_step_seconds)
    return now + high < window.ends_at and hooks.may_end_at(now + highest, costs.recent_median())


def _check_loss(losses: list[torch.Tensor]) -> float:
    mean = float(torch.stack(losses).mean())
    if not math.isfinite(mean):
        raise NonFiniteLoss
    return mean


class _Pace:
    """Keeps the host at most a few steps ahead of a GPU, so that the meter sees what the steps really take."""

    def __init__(self, device: devices.Device) -> None:
        self._device = device
        self._events: deque[Any] = deque()

    def wait(self) -> None:
        if not self._device.is_gpu:
            return
        event: Any = torch.cuda.Event()  # type: ignore[no-untyped-call]
        event.record()
        self._events.append(event)
        if len(self._events) > QUEUED_STEPS:
            self._events.popleft().synchronize()
