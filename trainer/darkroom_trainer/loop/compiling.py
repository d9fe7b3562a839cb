"""Whether a network is compiled for its device, and the compiled network with a way back.

Owns the rule and what happens where the compiler fails. Must not know budgets: what is left is an argument. A compiled
step that takes its warm-up is a step like any other for the meter, so that the time is charged.
"""

import logging
from collections.abc import Callable
from typing import Any, Final

import torch
from torch import nn

from darkroom_trainer.loop import memory

LOG = logging.getLogger(__name__)

WARM_UP_SECONDS: Final = 60.0
"""What the first compiled step is taken to cost, forward and backward."""
EXPECTED_SPEEDUP: Final = 1.15
"""The least of the networks in training.md, section 4: which of them gains more is known only afterwards."""
MARGIN: Final = 2.0
"""How many times its warm-up a compilation has to save: both numbers above are guesses about an unknown machine."""
KNOWN_STEPS: Final = 20
"""Steps after which their cost is known well enough to decide."""

Forward = Callable[[torch.Tensor], torch.Tensor]


def is_compile_worthwhile(
    step_seconds: float, planned_steps: float, warm_up_seconds: float, expected_speedup: float
) -> bool:
    """Return whether `planned_steps` compiled steps save enough time to pay for the first one."""
    saved_seconds = planned_steps * step_seconds * (1 - 1 / expected_speedup)
    return saved_seconds >= MARGIN * warm_up_seconds


class Compiled:
    """A network compiled for its device; itself again from the first time on that the compiler fails."""

    def __init__(self, model: nn.Module, compiler: Callable[[nn.Module], Any] = torch.compile) -> None:
        self._model = model
        self._forward: Forward = compiler(model)

    def __call__(self, images: torch.Tensor) -> torch.Tensor:
        """Return the network's outputs."""
        try:
            return self._forward(images)
        except Exception as error:
            if self._forward is self._model or memory.is_out_of_memory(error):
                raise
            LOG.warning("the network is not compiled: %s", error)
        self._forward = self._model
        outputs: torch.Tensor = self._model(images)
        return outputs
