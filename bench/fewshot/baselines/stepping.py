"""Steps until a budget is spent, for the baselines that train a network: batches, rate, and when to stop."""

import math
from collections.abc import Callable, Iterator
from typing import Any, Final

import torch

from bench.fewshot.baselines.registry import Lesson
from bench.fewshot.clock import read_clock

WARM_UP: Final = 0.1
GRADIENT_NORM: Final = 5.0


def train(
    lesson: Lesson, optimizer: torch.optim.Optimizer, batch_size: int, compute_loss: Callable[[list[int]], torch.Tensor]
) -> dict[str, Any]:
    """Take steps on the loss of rows, by warm-up and a cosine over the budget; returns what was done."""
    size = min(batch_size, len(lesson.pictures))
    batches = _draw_batches(len(lesson.pictures), size, lesson.cell.seed)
    rates: list[float] = [group["lr"] for group in optimizer.param_groups]
    learned = [one for group in optimizer.param_groups for one in group["params"]]
    began, steps, slowest, loss = read_clock(), 0, 0.0, torch.tensor(math.nan)
    while (now := read_clock()) + slowest < lesson.ends_at:
        for group, rate in zip(optimizer.param_groups, rates, strict=True):
            group["lr"] = rate * _schedule((now - began) / (lesson.ends_at - began))
        loss = compute_loss(next(batches).tolist())
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(learned, GRADIENT_NORM)
        optimizer.step()
        steps += 1
        slowest = max(slowest, read_clock() - now) if steps > 2 else 0.0
    return {"steps": steps, "passes": steps * size, "loss": round(float(loss.detach()), 3)}


def _draw_batches(count: int, size: int, seed: int) -> Iterator[torch.Tensor]:
    """Yield rows, in a new random order each epoch, without the rest that fills no batch."""
    generator = torch.Generator().manual_seed(seed)
    while True:
        order = torch.randperm(count, generator=generator)
        yield from torch.split(order[: count // size * size], size)


def _schedule(share: float) -> float:
    """Return the learning rate at a share of the budget, as a part of the peak."""
    if share < WARM_UP:
        return max(0.02, share / WARM_UP)
    return 0.5 * (1 + math.cos(math.pi * min(1.0, (share - WARM_UP) / (1 - WARM_UP))))
