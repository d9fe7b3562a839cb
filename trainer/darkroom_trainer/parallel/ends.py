"""How a run on several devices ends when they cannot work together, in words that a user can act on.

Owns which lost device is named, and which batches can be shared. Must not look at processes itself.
"""

from collections.abc import Sequence
from typing import Final

import torch

from darkroom_api.conditions import Reason
from darkroom_trainer.parallel import further_device
from darkroom_trainer.runtime import errors

LEAST_SLICE: Final = 2
"""Images that each device must get of a batch: the statistics of a single one say nothing."""


class NodesLost(Exception):
    """Other pods of the run are gone: those that are left take the step again. The message names them."""


def check_batch(batch_size: int, devices: int, nodes: int = 1) -> None:
    """Raise RunError(InvalidConfiguration) where a batch is too small to be shared by devices of so many nodes."""
    if batch_size < LEAST_SLICE * devices:
        who = (
            f"compute.nodes: {devices} devices on {nodes} nodes" if nodes > 1 else f"compute.devices: {devices} devices"
        )
        message = f"{who} cannot share batches of {batch_size} images; use fewer"
        raise errors.RunError(Reason.INVALID_CONFIGURATION, message)


def give_up_cut_off(members: Sequence[further_device.FurtherDevice]) -> None:
    """Go on without the node of the last device that says it lost touch with others, where no device is known lost."""
    failures = [(one, one.failure) for one in members if one.has_ended]
    if all(failure is not None and failure.has_lost_touch for _, failure in failures):
        for one, failure in reversed(failures):
            one.give_up(f"its device {one.local_rank} cannot reach another node: {failure.message if failure else ''}")
            if one.is_gone:
                return


def explain_loss(members: Sequence[further_device.FurtherDevice], detail: str) -> Exception:
    """Return the end of a run that lost a device, by what is known of the one that was lost first.

    A device that ran out of its own memory counts as this one running out: the remedy is the same.
    """
    ended = [one for one in members if one.has_ended]
    for one in ended:
        if one.failure is not None and one.failure.is_out_of_memory:
            return torch.OutOfMemoryError(f"device {one.rank}: {one.failure.message}")
    for one in ended:
        if one.is_killed:
            message = f"{one.describe_end()}: most likely this container has too little memory for {len(members) + 1}"
            return errors.RunError(Reason.OUT_OF_MEMORY, f"{message} devices; use a class with more, or fewer devices")
    first = min(ended, key=lambda one: one.failure is not None, default=None)
    detail = f"no process of {len(members)} answers ({detail})" if first is None else first.describe_end()
    return errors.RunError(Reason.UNKNOWN, f"the devices of this run lost touch: {detail}")
