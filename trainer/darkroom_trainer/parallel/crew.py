"""The further devices of a run, as its first process sees them: one process each, for as long as training lasts.

Owns their start, their orders and their end. The first process alone reads storage, reports, checkpoints and decides;
the others hold replicas and take the same steps. A process that is lost ends the step with its name, never a hang.
"""

import contextlib
import pathlib
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator
from typing import Final, Self

import safetensors.torch
import torch

from darkroom_trainer.checkpoints import sessions
from darkroom_trainer.loop import preparation, training_loop
from darkroom_trainer.parallel import ends, member, orders, other_trials, team
from darkroom_trainer.runtime import device as devices, stopping

START_SECONDS: Final = 180.0
"""A process that has not taken its assignment by then is given up; all it has to do is import torch."""
SETTLE_SECONDS: Final = 5.0
"""How long a lost device may take to be seen as ended, after the others have noticed."""
POLL_SECONDS: Final = 0.1


OrderedTrials = Iterable[tuple[training_loop.Learner, orders.TrialOrder]]
"""Learners for further devices, with what each is to do alone."""


class Crew:
    """The first device's peers. With one device there are no others, and nothing is started."""

    def __init__(self, size: int, work: pathlib.Path, stop: threading.Event) -> None:
        self.rank = 0
        self.size = size
        self._work = work
        self._stop = stop
        self._members: list[member.Member] = []
        self._scratch: tempfile.TemporaryDirectory[str] | None = None
        self._group: team.ProcessGroup | None = None
        self._closing = threading.Event()

    def __enter__(self) -> Self:
        """Start the processes: they import torch while the first one reads the dataset."""
        if self.size > 1:
            self._start()
        return self

    def __exit__(self, *_: object) -> None:
        self._disband()

    @property
    def process_ids(self) -> list[int]:
        """Return the processes of the further devices, by rank."""
        return [one.process_id for one in self._members]

    @contextlib.contextmanager
    def share(self, learner: training_loop.Learner) -> Iterator[None]:
        """Have all devices take the learner's steps meanwhile, from where it stands now.

        Raises RunError (or OutOfMemoryError) where a process is lost, RunStopped when a stop is asked for first.
        """
        if self.size == 1:
            yield
            return
        ends.check_batch(learner.recipe.batch_size, self.size)
        try:
            self._assign(learner)
            learner.peers = self
            yield
        except (stopping.RunStopped, training_loop.NonFiniteLoss):
            raise  # Between two steps: all devices stand at the same place.
        except BaseException:
            self._disband()
            raise
        finally:
            learner.peers = training_loop.Alone()

    @contextlib.contextmanager
    def send_out(self, trials: OrderedTrials) -> Iterator[other_trials.OtherTrials]:
        """Have each further device train a trial of its own meanwhile, from where its learner stands.

        Raises RunError (or OutOfMemoryError) where a process is lost.
        """
        try:
            folder, sent, longest_seconds = self._open_scratch(), {}, 0.0
            for one, (learner, trial) in zip(self._members, trials, strict=True):
                own = folder / str(one.rank)
                own.mkdir(exist_ok=True)
                state_file = _write_state(learner, own / "state.safetensors")
                self._tell_one(one, self._build_assignment(learner, one.rank, state_file, folder, is_shared=False))
                self._tell_one(one, trial)
                sent[trial.number] = one
                longest_seconds = max(longest_seconds, trial.length_seconds / trial.meter.rate)
            yield other_trials.OtherTrials(sent, longest_seconds, self._explain, self._stop)
        except BaseException:
            self._disband()
            raise

    def announce(self, rate: float, batch_size: int) -> None:
        """Have the others begin the same step."""
        self.check()
        self._tell([orders.Step(rate, batch_size)] * len(self._members))

    def backward(
        self, model: torch.nn.Module, loss: torch.Tensor, count_terms: training_loop.CountTerms
    ) -> torch.Tensor:
        """Leave the gradients of the whole batch in the model; returns the whole batch's loss."""
        assert self._group is not None, "the group is joined before the first step"
        try:
            return team.backward_together(model, loss, count_terms(), self._group)
        except team.LostTouchError as error:
            raise self._explain(str(error)) from error

    def check(self) -> None:
        """Raise RunError (or OutOfMemoryError, as if it were this device's) where a device was lost."""
        if any(one.exit_code is not None for one in self._members):
            raise self._explain("a process ended")

    def _start(self) -> None:
        self._scratch = tempfile.TemporaryDirectory(prefix="devices-", dir=self._work, ignore_cleanup_errors=True)
        self._closing = threading.Event()
        self._members = [member.Member(rank) for rank in range(1, self.size)]

    def _assign(self, learner: training_loop.Learner) -> None:
        """Give every process the learner's state and data, and join them in a group once all are ready."""
        folder = self._open_scratch()
        state_file = _write_state(learner, folder / "state.safetensors")
        self._tell(
            [self._build_assignment(learner, one.rank, state_file, folder, is_shared=True) for one in self._members]
        )
        self._await_ready()
        if self._group is None:
            self._group = self._join(folder / "rendezvous", learner.device)

    def _open_scratch(self) -> pathlib.Path:
        """Return the folder that the devices share, with all processes started."""
        if not self._members:
            self._start()
        assert self._scratch is not None, "a started crew has a folder"
        return pathlib.Path(self._scratch.name)

    def _build_assignment(
        self,
        learner: training_loop.Learner,
        rank: int,
        state_file: pathlib.Path,
        folder: pathlib.Path,
        *,
        is_shared: bool,
    ) -> orders.Assignment:
        data = learner.data
        return orders.Assignment(
            rank=rank,
            size=self.size,
            rendezvous=folder / "rendezvous" if is_shared else None,
            task=learner.task.kind,
            labels=learner.task.labels,
            recipe=learner.recipe,
            seed=learner.seed,
            step=learner.step,
            state_file=state_file,
            images_file=data.images_file or preparation.write_images(data.images, folder / "images.npy"),
            targets={name: values.cpu().numpy() for name, values in data.targets.items()},
            rows=data.rows,
            mean=tuple(data.mean.flatten().tolist()),
            std=tuple(data.std.flatten().tolist()),
        )

    def _tell(self, messages: list[orders.Assignment] | list[orders.Step]) -> None:
        for one, message in zip(self._members, messages, strict=True):
            self._tell_one(one, message)

    def _tell_one(self, one: member.Member, message: object) -> None:
        try:
            one.tell(message)
        except OSError as error:
            raise self._explain(str(error)) from error

    def _await_ready(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        for one in self._members:
            while not one.is_ready(POLL_SECONDS):
                stopping.stop_if_asked(self._stop)
                if one.has_ended or time.monotonic() > deadline:
                    raise self._explain("it did not start")

    def _join(self, rendezvous: pathlib.Path, device: devices.Device) -> team.ProcessGroup:
        try:
            group = team.ProcessGroup(rendezvous, self.rank, self.size, device)
        except team.LostTouchError as error:
            raise self._explain(str(error)) from error
        if device.is_gpu:
            self._watch(group)
        return group

    def _watch(self, group: team.ProcessGroup) -> None:
        """Break off a GPU's collective calls when a process ends: unlike those over TCP, they would wait for it."""
        closing, members = self._closing, list(self._members)

        def watch() -> None:
            while not closing.wait(POLL_SECONDS):
                if any(one.exit_code is not None for one in members):
                    group.leave()
                    return

        threading.Thread(target=watch, name="device-watch", daemon=True).start()

    def _explain(self, detail: str) -> Exception:
        """Return the end of a run that lost a device: who, how, and what to do."""
        deadline = time.monotonic() + SETTLE_SECONDS
        while not any(one.has_ended for one in self._members) and time.monotonic() < deadline:
            time.sleep(POLL_SECONDS)
        return ends.explain_loss(self._members, detail)

    def _disband(self) -> None:
        """End all processes and forget the group; the next window starts new ones."""
        self._closing.set()
        for one in self._members:
            one.hang_up()
        for one in self._members:
            one.wait()
        if self._group is not None:
            self._group.leave()
        if self._scratch is not None:
            self._scratch.cleanup()
        self._members, self._group, self._scratch = [], None, None


def _write_state(learner: training_loop.Learner, file: pathlib.Path) -> pathlib.Path:
    """Return the file with everything of the learner that a step changes."""
    state = {name: value.contiguous() for name, value in sessions.snapshot(learner).items()}
    safetensors.torch.save_file(state, file)
    return file
