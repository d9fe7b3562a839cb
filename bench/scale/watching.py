"""What the rounds of a search do, from within the process that leads it."""

import contextlib
from collections.abc import Callable, Iterator
from typing import Any
from unittest import mock

from darkroom_trainer.checkpoints.sessions import Session
from darkroom_trainer.search.halving import Halving
from darkroom_trainer.training import fitting
from darkroom_trainer.training.training_run import TrainingRun
from darkroom_trainer.training.trials import searching, side_by_side


class Rounds:
    """Adds up the rounds in which several recipes train; `clock` tells seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._trials = self._passes = 0
        self._seconds = self._charged_seconds = self._waited_seconds = 0.0

    @contextlib.contextmanager
    def watched(self) -> Iterator[None]:
        """Note each window of such a round meanwhile."""
        train_next = searching._train_next

        def watching(
            run: TrainingRun, fitter: fitting.Fitter, session: Session, halving: Halving
        ) -> dict[int, side_by_side.RoundEnd]:
            steps = {one.number: one.step for one in halving.trials}
            is_alone, meter = len(halving.trials) == 1, run.context.meter
            began, charged = self._clock(), meter.charged_seconds
            ends = train_next(run, fitter, session, halving)
            if not is_alone:
                seconds, devices = self._clock() - began, fitter.devices if len(ends) > 1 else 1
                self._trials += len(ends)
                self._passes += sum((end.step - steps[at]) * end.recipe.batch_size for at, end in ends.items())
                self._seconds += seconds
                self._charged_seconds += meter.charged_seconds - charged
                longest_seconds = max(end.cost_seconds for end in ends.values()) * devices / meter.rate
                self._waited_seconds += seconds - longest_seconds
            return ends

        with mock.patch.object(searching, "_train_next", watching):
            yield

    def to_json(self) -> dict[str, Any]:
        """Return the sums, by their names in `table.ScaleRun`."""
        return {
            "trials": self._trials,
            "passes": self._passes,
            "rounds_seconds": self._seconds,
            "rounds_charged_seconds": self._charged_seconds,
            "waited_seconds": self._waited_seconds,
        }
