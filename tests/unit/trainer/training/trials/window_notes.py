"""How the windows of a search end, noted while it runs."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple
from unittest import mock

import torch

from darkroom_trainer.checkpoints.sessions import Session
from darkroom_trainer.search.halving import Halving, Trial
from darkroom_trainer.training.trials import searching, side_by_side


class Trained(NamedTuple):
    """What a trial's window ended with."""

    step: int
    score: float | None
    weights: dict[str, torch.Tensor] | None


Windows = dict[tuple[int, int], Trained]
"""By round and number of the trial."""


@contextmanager
def noting(windows: Windows) -> Iterator[None]:
    """Put the end of each window into `windows` meanwhile."""
    take_in = searching._take_in

    def take_note(session: Session, halving: Halving, trial: Trial, end: side_by_side.RoundEnd) -> None:
        score = end.score.value if end.score else None
        windows[halving.round, trial.number] = Trained(end.step, score, end.weights)
        take_in(session, halving, trial, end)

    with mock.patch.object(searching, "_take_in", take_note):
        yield
