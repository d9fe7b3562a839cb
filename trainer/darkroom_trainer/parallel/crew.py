"""The further devices of a run, as its first process sees them: one process each, for as long as training lasts.

Owns their start, their orders and their end, of this pod's and of other nodes' alike. The first process alone reads
storage, reports, checkpoints and decides; the others hold replicas and take the same steps. A process of this pod that
is lost ends the step with its name, never a hang; without a lost node the run goes on.
"""

import contextlib
import dataclasses
import logging
import pathlib
import socket
import tempfile
import threading
import time
import uuid
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import Final, Self

import safetensors.torch
import torch

from darkroom_trainer.checkpoints import sessions
from darkroom_trainer.loop import preparation, training_loop
from darkroom_trainer.parallel import ends, member, orders, other_trials, team
from darkroom_trainer.parallel.further_device import FurtherDevice
from darkroom_trainer.parallel.nodes.gathering import Nodes as Nodes
from darkroom_trainer.runtime import device as devices, stopping

LOG = logging.getLogger(__name__)

START_SECONDS: Final = 180.0
"""A process that has not loaded its code, or taken its assignment, by then is given up."""
NOT_STARTED: Final = "it did not start"
SETTLE_SECONDS: Final = 5.0
"""How long a lost device may take to be seen as ended, after the others have noticed."""
POLL_SECONDS: Final = 0.1


OrderedTrials = Iterable[tuple[training_loop.Learner, orders.TrialOrder]]
"""Learners for further devices, with what each is to do alone."""


class Crew:
    """The first device's peers: the others of its pod, and all of other nodes. Without any, nothing is started."""

    def __init__(
        self,
        devices: int,
        work: pathlib.Path,
        stop: threading.Event,
        nodes: Nodes | None = None,
        started: Sequence[member.Member] = (),
    ) -> None:
        """Take `started` processes of this pod's further devices, where there are any, for those to begin with."""
        self.rank = 0
        self._devices = devices
        self._work = work
        self._stop = stop
        self.nodes = nodes
        self._started = started
        self._members: list[FurtherDevice] = []
        self._scratch: tempfile.TemporaryDirectory[str] | None = None
        self._group: team.ProcessGroup | None = None
        self._closing = threading.Event()
        self._counts_since = 0.0
        """On the meter's clock: what a lost device did since then is lost with it."""

    def __enter__(self) -> Self:
        """Have all processes started, with their code loaded.

        Raises RunError (or OutOfMemoryError) where a process of this pod is lost, RunStopped when a stop is asked for.
        """
        if self.size > 1:
            try:
                self._start()
            except BaseException:
                self._disband()
                raise
        return self

    def __exit__(self, *_: object) -> None:
        """Dismiss whoever is left."""
        self.dismiss()

    def dismiss(self) -> None:
        """End the processes and let other nodes go: what follows is this pod's work alone, and charged so."""
        self._disband()
        if self.nodes is not None:
            self.nodes.dismiss()

    @property
    def size(self) -> int:
        """Return the number of devices that take part."""
        return self._devices + (self.nodes.devices if self.nodes else 0)

    @property
    def process_ids(self) -> list[int]:
        """Return the processes of the further devices of this pod, by rank."""
        return [one.process_id for one in self._members if isinstance(one, member.Member)]

    def review(self) -> None:
        """Go on without nodes that are lost, or were told to end; between two windows nothing is lost with them."""
        if self.nodes is not None:
            self.nodes.give_up_leaving()
            self._drop_lost(at_work=())

    @contextlib.contextmanager
    def share(self, learner: training_loop.Learner) -> Iterator[None]:
        """Have all devices take the learner's steps meanwhile, from where it stands now.

        Raises NodesLost where it has to begin again with fewer, RunError (or OutOfMemoryError) where a process of this
        pod is lost, RunStopped when a stop is asked for first.
        """
        self.review()
        if self.size == 1:
            yield
            return
        ends.check_batch(learner.recipe.batch_size, self.size, 1 + len(self.nodes.nodes) if self.nodes else 1)
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
        """Have further devices train a trial of their own each meanwhile, from where its learner stands.

        Raises RunError (or OutOfMemoryError) where a process of this pod is lost.
        """
        try:
            folder, sent, longest_seconds = self._open_scratch(), {}, 0.0
            self._note_time()
            for one, (learner, trial) in zip(self._members, trials, strict=False):
                own = folder / str(one.rank)
                own.mkdir(exist_ok=True)
                state_file = _write_state(learner, own / "state.safetensors")
                assignment = self._build_assignment(learner, one, state_file, own)
                for order in (assignment, trial):
                    self._tell_trial(one, order)
                sent[trial.number] = one
                longest_seconds = max(longest_seconds, trial.length_seconds / trial.meter.rate)
            yield other_trials.OtherTrials(sent, longest_seconds, self._explain_end, self._stop, self._drop_lost)
        except BaseException:
            self._disband()
            raise

    def announce(self, rate: float, batch_size: int) -> None:
        """Have the others begin the same step."""
        if self.nodes is not None:
            self.nodes.give_up_leaving()
        self._note_time()
        self.check()
        for one in self._members:
            self._tell(one, orders.Step(rate, batch_size))

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
        """Raise where a device was lost: NodesLost or RunError, OutOfMemoryError as if it were this device's."""
        if any(one.exit_code is not None for one in self._members):
            raise self._explain("a process ended")

    def _start(self) -> None:
        self._scratch = tempfile.TemporaryDirectory(prefix="devices-", dir=self._work, ignore_cleanup_errors=True)
        self._closing = threading.Event()
        started, self._started = self._started, ()
        self._members = [*(started or (member.Member(rank, self._devices) for rank in range(1, self._devices)))]
        for node in self.nodes.nodes if self.nodes else ():
            self._members += node.start(1 + len(self._members))
        deadline = time.monotonic() + START_SECONDS
        for one in self._members:  # without a node that is lost the first step goes on
            if not self._await_ready(one, deadline) and not one.is_gone:
                raise self._explain_end(NOT_STARTED)

    def _assign(self, learner: training_loop.Learner) -> None:
        """Give every process the learner's state and data, and join them in a group once all are ready."""
        folder = self._open_scratch()
        self._note_time()
        state_file = _write_state(learner, folder / "state.safetensors")
        rendezvous = self._group.rendezvous if self._group else self._choose_rendezvous(folder)
        for rank, one in enumerate(self._members, start=1):
            assignment = self._build_assignment(learner, one, state_file, folder)
            self._tell(one, dataclasses.replace(assignment, rank=rank, rendezvous=rendezvous))
        deadline = time.monotonic() + START_SECONDS
        for one in self._members:
            if not self._await_ready(one, deadline):
                raise self._explain(NOT_STARTED)
        if self._group is None:
            self._group = self._join(rendezvous, learner.device)

    def _choose_rendezvous(self, folder: pathlib.Path) -> str:
        """Return an address at which no devices met before: a file of this pod, or a free port of it."""
        if self.nodes is None or not self.nodes.nodes:
            return (folder / f"rendezvous-{uuid.uuid4().hex}").absolute().as_uri()
        with socket.create_server(("", 0)) as free:
            return f"{team.BETWEEN_PODS}{self.nodes.address}:{free.getsockname()[1]}"

    def _open_scratch(self) -> pathlib.Path:
        """Return the folder that the devices share, with all processes started."""
        if not self._members:
            self._start()
        assert self._scratch is not None, "a started crew has a folder"
        return pathlib.Path(self._scratch.name)

    def _build_assignment(
        self, learner: training_loop.Learner, one: FurtherDevice, state_file: pathlib.Path, folder: pathlib.Path
    ) -> orders.Assignment:
        """Return a learner's assignment to a device that trains it alone; its answers' files go to `folder`."""
        data = learner.data
        return orders.Assignment(
            rank=one.rank,
            size=self.size,
            local_rank=one.local_rank,
            local_devices=one.local_devices,
            rendezvous=None,
            folder=folder,
            task=learner.task.kind,
            labels=learner.task.labels,
            recipe=learner.recipe,
            seed=learner.seed,
            step=learner.step,
            state_file=state_file,
            images_file=data.images_file or preparation.write_images(data.images, self._open_scratch() / "images.npy"),
            targets={name: values.cpu().numpy() for name, values in data.targets.items()},
            rows=data.rows,
            mean=tuple(data.mean.flatten().tolist()),
            std=tuple(data.std.flatten().tolist()),
        )

    def _tell(self, one: FurtherDevice, order: object) -> None:
        try:
            one.tell(order)
        except OSError as error:
            one.give_up(str(error))
            raise self._explain(str(error)) from error

    def _tell_trial(self, one: FurtherDevice, order: object) -> None:
        """Tell a device of its trial, which alone is lost where its node is."""
        if one.is_gone:
            return
        try:
            one.tell(order)
        except OSError as error:
            one.give_up(str(error))
            if not one.is_gone:
                raise self._explain_end(str(error)) from error

    def _await_ready(self, one: FurtherDevice, deadline: float) -> bool:
        """Return whether a process becomes ready before it ends, or its time does."""
        while not one.is_ready(POLL_SECONDS):
            stopping.stop_if_asked(self._stop)
            if time.monotonic() > deadline:
                one.give_up(NOT_STARTED)
                return False
            if one.has_ended:
                return False
        return True

    def _join(self, rendezvous: str, device: devices.Device) -> team.ProcessGroup:
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
        """Return what the loss of a device leads to: a new start without its node, or the end of the run.

        Where a node is lost its peers lose touch, too, and may say so first. Where none is, two nodes that are heard
        here cannot reach each other, and one of them is given up.
        """
        if self.nodes is not None and self.nodes.nodes:
            self._settle(self.nodes.has_lost)
            if not self.nodes.has_lost():
                ends.give_up_cut_off(self._members)
            lost = self._drop_lost(self._members)
            if lost:
                return ends.NodesLost("; ".join(lost))
        return self._explain_end(detail)

    def _explain_end(self, detail: str) -> Exception:
        """Return the end of a run that lost a device: who, how, and what to do."""
        self._settle(lambda: any(one.has_ended for one in self._members))
        return ends.explain_loss(self._members, detail)

    def _settle(self, is_known: Callable[[], bool]) -> None:
        deadline = time.monotonic() + SETTLE_SECONDS
        while not is_known() and time.monotonic() < deadline:
            time.sleep(POLL_SECONDS)

    def _drop_lost(self, at_work: Collection[FurtherDevice]) -> list[str]:
        """Go on without lost nodes, and without what devices `at_work` did lately; returns how the nodes were lost."""
        lost = self.nodes.drop_lost(self._counts_since, at_work) if self.nodes else []
        if lost:
            self._members = [one for one in self._members if not one.is_gone]
            if self._group is not None:  # they were in it
                self._group.leave()
                self._group = None
        return lost

    def _note_time(self) -> None:
        if self.nodes is not None:
            self._counts_since = self.nodes.read_clock()

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
