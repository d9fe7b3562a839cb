"""The trials on the further devices while the first one trains its own, as the first process sees them.

Owns that each of them is heard, that a lost process of this pod ends the wait with its name, and that a lost node costs
its trials alone. Must not know what a trial is worth.
"""

import logging
import threading
import time
from collections.abc import Callable, Collection, Mapping
from typing import Final

import safetensors.torch
import torch

from darkroom_api.conditions import Reason
from darkroom_trainer.checkpoints import checkpoint, sessions
from darkroom_trainer.parallel import orders
from darkroom_trainer.parallel.further_device import FurtherDevice
from darkroom_trainer.runtime import errors, stopping

LOG = logging.getLogger(__name__)

POLL_SECONDS: Final = 0.1
PATIENCE_SECONDS: Final = 120.0
"""How long a step, or the scoring after the last one, may take beyond what is left of a trial's window."""


class OtherTrials:
    """The trials beside the first one, by number; none of their windows is longer than `longest_seconds`."""

    def __init__(
        self,
        members: Mapping[int, FurtherDevice],
        longest_seconds: float,
        explain: Callable[[str], Exception],
        stop: threading.Event,
        drop_lost: Callable[[Collection[FurtherDevice]], object] = lambda _at_work: None,
    ) -> None:
        self._members = dict(members)
        self._drop_lost = drop_lost
        self._over_at = time.monotonic() + longest_seconds + PATIENCE_SECONDS
        self._explain = explain
        self._stop = stop
        self._ends: dict[int, orders.Standing] = {}

    def check(self) -> None:
        """Raise RunError where a device of this pod was lost."""
        self._leave_lost_out()
        if any(one.exit_code is not None and not one.is_gone for one in self._members.values()):
            raise self._explain_loss("a process ended")

    def _leave_lost_out(self) -> None:
        """Expect nothing more of lost nodes; who goes on from here begins the windows of their trials again."""
        gone = {number: one for number, one in self._members.items() if one.is_gone}
        if not gone:
            return
        for number, one in gone.items():
            standing = one.take_standing(0.0)
            if standing is not None and standing.is_over:  # it came before the end of its node
                self._ends[number] = standing
        at_work = {number: one for number, one in gone.items() if number not in self._ends}
        self._drop_lost(list(at_work.values()))
        for number in at_work:
            LOG.warning("trial %d loses this round with its node", number)
            del self._members[number]

    def stand(self) -> tuple[dict[int, checkpoint.Tensors], dict[int, sessions.Underway]]:
        """Return the trials' weights and where they stand now, each between two steps; RunError for a lost device.

        One whose loss diverged twice, or whose node is lost, is left out: whoever goes on from here begins its window
        again.
        """
        self._leave_lost_out()
        asked = {number: one for number, one in self._members.items() if number not in self._ends}
        for one in asked.values():
            try:
                one.tell(orders.StandingOrder())
            except OSError as error:
                one.give_up(str(error))
                if not one.is_gone:
                    raise self._explain_loss(str(error)) from error
        deadline = time.monotonic() + PATIENCE_SECONDS
        standings = self._ends | {number: self._await(number, deadline) for number in asked}
        weights, underway = {}, {}
        for number, standing in standings.items():
            if standing is not None and not standing.has_diverged:
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
        """Return where the trials ended, once all have that no lost node had.

        Raises RunStopped where a stop is asked for first, RunError where a device of this pod was lost.
        """
        for number in list(self._members):
            if number not in self._ends:
                self._await(number, self._over_at, self._stop)
        self._leave_lost_out()
        return self._ends

    def _await(self, number: int, deadline: float, stop: threading.Event | None = None) -> orders.Standing | None:
        """Return the next that is heard of a trial; None where its node is lost."""
        one = self._members[number]
        while (standing := one.take_standing(POLL_SECONDS)) is None:
            stopping.stop_if_asked(stop)
            if time.monotonic() > deadline:
                one.give_up("its trial did not answer")
            if one.is_gone:
                return None
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
