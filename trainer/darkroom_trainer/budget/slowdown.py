"""How much slower a machine has become than the margins of what it was measured at allow for.

Owns the factor that costs still to come, which have their margins, are multiplied by; pure. All seconds are charged
seconds. Must not decide what follows from it: that is the ledger's.
"""

from typing import Final

ALLOWED_SLOWDOWN: Final = 1.25
"""Costs are counted so many times: they were measured once, on a machine that is shared."""
LARGEST_SLOWDOWN: Final = 4.0
"""A machine that seems slower than this was measured wrongly; its word would take the budget from the training."""

Shape = tuple[str | int | None, ...]
"""What a step costs by: see `Recipe.shape`, and how many devices share it."""


class Slowdown:
    """How much longer the newest work took than the margins allow for: what follows will hardly be faster."""

    def __init__(self) -> None:
        self.factor = 1.0
        self._fastest_seconds: dict[Shape, float] = {}

    def learn(self, estimated_seconds: float, took_seconds: float) -> None:
        """Take over how slow the machine was for a unit of work."""
        self.factor = compute_slowdown(estimated_seconds, took_seconds)

    def rise(self, estimated_seconds: float, took_seconds: float) -> None:
        """As `learn`, but never fall: the estimate may come from a moment as slow as this one."""
        self.factor = max(self.factor, compute_slowdown(estimated_seconds, took_seconds))

    def learn_step(self, shape: Shape, took_seconds: float | None) -> None:
        """Take over how slow a window's last steps were, beside the best that steps of their shape took."""
        if took_seconds is not None:
            self._fastest_seconds[shape] = min(took_seconds, self._fastest_seconds.get(shape, took_seconds))
            self.factor = self.judge_step(shape, took_seconds)

    def judge_step(self, shape: Shape, recent_seconds: float | None) -> float:
        """Return the factor of steps that take so long now; the last one known where that says nothing."""
        best = self._fastest_seconds.get(shape)
        return self.factor if recent_seconds is None or best is None else compute_slowdown(best, recent_seconds)


def compute_slowdown(estimated_seconds: float, took_seconds: float) -> float:
    """Return how many times what the margins allow for a unit of work took, at least 1.

    A unit is taken to have lasted LARGEST_SLOWDOWN times its estimate at most.
    """
    factor = min(LARGEST_SLOWDOWN, took_seconds / max(1e-9, estimated_seconds))
    return max(1.0, factor / ALLOWED_SLOWDOWN)
