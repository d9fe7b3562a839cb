"""The trials on the further devices while the first one trains its own, as the first process sees them.

Owns that each of them is heard, and that a lost one ends the wait with its name. Must not know what a trial is worth.
"""

import threading
import time
from collections.abc import Callable, Mapping
from typing import Final

import safetensors.torch
import torch

from darkroom_api.conditions import Reason
from darkroom_trainer.checkpoints import checkpoint, sessions
from darkroom_trainer.parallel import member, orders
from darkroom_trainer.runtime import errors, stopping

POLL_SECONDS: Final = 0.1
PATIENCE_SECONDS: Final = 120.0
"""How long a step, or the scoring after the last one, may take beyond what is left of a trial's window."""


class OtherTrials:
    """The trials beside the first one, by number; none of their windows is longer than `longest_seconds`."""

    def __init__(
        self,
        members: Mapping[int, member.Member],
        longest_seconds: float,
        explain: Callable[[str], Exception],
        stop: threading.Event,
    ) -> None:
        self._members = members
        self._over_at = time.monotonic() + longest_seconds + PATIENCE_SECONDS
        self._explain = explain
        self._stop = stop
        self._ends: dict[int, orders.Standing] = {}

    def check(self) -> None:
        """Raise RunError where a device was lost."""
        if any(one.exit_code is not None for one in self._members.values()):
            raise self._explain_loss("a process ended")

    def stand(self) -> tuple[dict[int, checkpoint.Tensors], dict[int, sessions.Underway]]:
        """Return the trials' weights and where they stand now, each between two steps; RunError for a lost device.

        One whose loss diverged twice is left out: whoever goes on from here begins its window again.
        """
        asked = {number: one for number, one in self._members.items() if number not in self._ends}
        for one in asked.values():
            try:
                one.tell(orders.StandingOrder())
            except OSError as error:
                raise self._explain_loss(str(error)) from error
        deadline = time.monotonic() + PATIENCE_SECONDS
        standings = self._ends | {number: self._await(number, deadline) for number in asked}
        weights, underway = {}, {}
        for number, standing in standings.items():
            if not standing.has_diverged:
                tensors = read_tensors(standing)
                weights[number] = checkpoint.take_prefix("model", tensors)
                underway[number] = sessions.Underway(
                    standing.step,
                    standing.recipe,
                    standing.spent_seconds,
                    standing.length_seconds,
                    checkpoint.take_prefix("optimizer", tensors),
                )
        return weights, underway

    def await_ends(self) -> dict[int, orders.Standing]:
        """Return where the trials ended, once all have.

        Raises RunStopped where a stop is asked for first, RunError where a device was lost.
        """
        for number in self._members:
            if number not in self._ends:
                self._await(number, self._over_at, self._stop)
        return self._ends

    def _await(self, number: int, deadline: float, stop: threading.Event | None = None) -> orders.Standing:
        one = self._members[number]
        while (standing := one.take_standing(POLL_SECONDS)) is None:
            stopping.stop_if_asked(stop)
            if one.has_ended or time.monotonic() > deadline:
                raise self._explain_loss("a trial did not answer")
        if standing.is_over:
            self._ends[number] = standing
        return standing

    def _explain_loss(self, detail: str) -> Exception:
        """Return the end of the run; memory that ran out there is no reason for smaller batches here."""
        error = self._explain(detail)
        is_full = isinstance(error, torch.OutOfMemoryError)
        return errors.RunError(Reason.OUT_OF_MEMORY, str(error)) if is_full else error


def read_tensors(standing: orders.Standing) -> checkpoint.Tensors:
    """Return a trial's tensors, copied: the process writes its file again."""
    return safetensors.torch.load(standing.file.read_bytes())
