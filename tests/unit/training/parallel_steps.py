"""Several devices as threads of one process, for the tests of what they compute together."""

import threading

import torch

from darkroom_trainer.loop import training_loop
from darkroom_trainer.parallel import team

STEPS = 4
RATE = 1e-3


class Adder:
    """Adds up tensors of several threads, as a process group does those of several processes."""

    def __init__(self, size: int) -> None:
        self.size = size
        self._barrier = threading.Barrier(size, timeout=30)
        self._values: list[torch.Tensor] = []

    def add_up(self, values: torch.Tensor) -> None:
        """Put the sum over all threads into every thread's tensor."""
        self._values.append(values.clone())
        self._barrier.wait()
        total = torch.stack(self._values).sum(dim=0)
        self._barrier.wait()
        self._values.clear()
        self._barrier.wait()
        values.copy_(total)


def take_steps(learner: training_loop.Learner) -> list[float]:
    return [float(learner.take_step(RATE)) for _ in range(STEPS)]


def run_together(learners: list[training_loop.Learner], adder: Adder) -> list[list[float]]:
    losses: list[list[float]] = [[] for _ in learners]

    def run(rank: int) -> None:
        learners[rank].peers = team.Follower(rank, adder)
        losses[rank] = take_steps(learners[rank])

    threads = [threading.Thread(target=run, args=(rank,)) for rank in range(adder.size)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return losses


def compare(ours: torch.nn.Module, theirs: torch.nn.Module) -> float:
    """Return the mean difference between two models' numbers; 0 where every one is equal.

    Not the largest: AdamW moves a weight whose gradient is nearly nothing by a whole step in either direction, so sums
    that differ in their last bit may part a single weight.
    """
    pairs = zip(ours.state_dict().values(), theirs.state_dict().values(), strict=True)
    gaps = [(one.double() - other.double()).abs().flatten() for one, other in pairs]
    return float(torch.cat(gaps).mean())
