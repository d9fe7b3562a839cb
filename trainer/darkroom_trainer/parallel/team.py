"""What the devices of a run do together in each step: add up gradients.

Owns the process group and the arithmetic of a shared step. Must not start processes or know budgets.
"""

import contextlib
import datetime
import os
from typing import Final, Protocol

import torch
import torch.distributed as dist

from darkroom_trainer.loop.training_loop import CountTerms
from darkroom_trainer.runtime.device import Device

PATIENCE_SECONDS: Final = 120.0
"""How long a device waits for the others within a step before it takes them for lost."""
NODES_PATIENCE_SECONDS: Final = 45.0
"""The same where devices of other pods take part: longer than a pod may be silent before it is given up."""
BETWEEN_PODS: Final = "tcp://"
"""What a rendezvous begins with at which devices of several pods meet."""
LOOPBACK: Final = "lo"
INTERFACE_VARIABLES: Final = ("GLOO_SOCKET_IFNAME", "NCCL_SOCKET_IFNAME")


class LostTouchError(Exception):
    """Another device is gone or does not answer."""


class Group(Protocol):
    """Devices that can add up tensors."""

    @property
    def size(self) -> int:
        """Return the number of devices."""

    def add_up(self, values: torch.Tensor) -> None:
        """Put the sum over all devices into each device's `values`; raises LostTouchError."""


class ProcessGroup:
    """The process group of a run: NCCL between GPUs, gloo between processes on a CPU. One at a time in a process."""

    def __init__(self, rendezvous: str, rank: int, size: int, device: Device) -> None:
        """Join it; returns once all have, raises LostTouchError.

        Devices of one pod meet by a file and speak over the loopback interface alone.
        """
        is_between_pods = rendezvous.startswith(BETWEEN_PODS)
        if not is_between_pods:
            for name in INTERFACE_VARIABLES:
                os.environ.setdefault(name, LOOPBACK)
        self.rendezvous = rendezvous
        self.size = size
        try:
            dist.init_process_group(
                "nccl" if device.is_gpu else "gloo",
                init_method=rendezvous,
                rank=rank,
                world_size=size,
                timeout=datetime.timedelta(seconds=NODES_PATIENCE_SECONDS if is_between_pods else PATIENCE_SECONDS),
                device_id=device.torch_device if device.is_gpu else None,
            )
        except RuntimeError as error:
            # A group that never came about keeps its number, by which devices look for each other: the next one here
            # would have another number than in a new process.
            dist.distributed_c10d._world.group_count = 0
            raise LostTouchError(str(error)) from error

    def add_up(self, values: torch.Tensor) -> None:
        """Put the sum over all devices into each device's `values`; raises LostTouchError."""
        try:
            dist.all_reduce(values)
        except (RuntimeError, ValueError) as error:
            raise LostTouchError(str(error)) from error

    def leave(self) -> None:
        """Leave without waiting for the others, who may be gone."""
        with contextlib.suppress(RuntimeError, ValueError):
            if not dist.is_initialized():
                return
            if dist.get_backend() == "nccl":
                dist.distributed_c10d._abort_process_group()
            else:
                dist.destroy_process_group()


def backward_together(model: torch.nn.Module, loss: torch.Tensor, terms: torch.Tensor, group: Group) -> torch.Tensor:
    """Leave in each device's model the gradients of the whole batch; returns the whole batch's loss.

    `loss` is a mean of `terms` terms (or their sum, where there are none). One message holds everything that is added
    up: gradients of the sums, running statistics (all keep their mean), the sum of the loss, the terms. Raises
    LostTouchError.
    """
    total = loss * terms.clamp(min=1)
    total.backward()  # type: ignore[no-untyped-call]
    gradients = [value.grad for value in model.parameters() if value.grad is not None]
    statistics = [value for value in model.buffers() if value.is_floating_point()]
    shared = torch.cat([value.flatten() for value in [*gradients, *statistics, total.detach(), terms]])
    group.add_up(shared)
    whole = shared[-1].clamp(min=1)
    for value, summed in zip(gradients, _split(shared, gradients), strict=True):
        value.copy_(summed / whole)
    after = shared[sum(value.numel() for value in gradients) :]
    for value, summed in zip(statistics, _split(after, statistics), strict=True):
        value.copy_(summed / group.size)
    return shared[-2] / whole


def _split(flat: torch.Tensor, likes: list[torch.Tensor]) -> list[torch.Tensor]:
    """Return the start of `flat`, cut into the shapes of `likes`."""
    sizes = [value.numel() for value in likes]
    pieces = torch.split(flat[: sum(sizes)], sizes)
    return [piece.view(like.shape) for piece, like in zip(pieces, likes, strict=True)]


class Follower:
    """The peers as any device but the first sees them: nobody to tell, gradients to add up."""

    def __init__(self, rank: int, group: Group) -> None:
        self.rank = rank
        self.size = group.size
        self._group = group

    def announce(self, rate: float, batch_size: int) -> None:
        """The first device has."""

    def backward(self, model: torch.nn.Module, loss: torch.Tensor, count_terms: CountTerms) -> torch.Tensor:
        """Leave the gradients of the whole batch in the model; returns the whole batch's loss."""
        return backward_together(model, loss, count_terms(), self._group)

    def check(self) -> None:
        """The first device looks after the others."""
