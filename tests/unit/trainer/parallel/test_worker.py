"""What a further device's process answers, and that it stands where the first one stands."""

import multiprocessing
import pathlib

import numpy as np
import pytest
import safetensors.torch
import torch

from darkroom_api.conditions import Reason
from darkroom_trainer.checkpoints import sessions
from darkroom_trainer.loop import preparation, training_loop
from darkroom_trainer.parallel import orders, team, worker
from darkroom_trainer.runtime import device, errors
from tests.support import learning


def assign(learner: training_loop.Learner, folder: pathlib.Path) -> orders.Assignment:
    """Return the learner's training as a second device is told of it."""
    state = {name: value.contiguous() for name, value in sessions.snapshot(learner).items()}
    safetensors.torch.save_file(state, folder / "state.safetensors")
    data = learner.data
    return orders.Assignment(
        rank=1,
        size=2,
        local_rank=1,
        local_devices=2,
        rendezvous=(folder / "rendezvous").as_uri(),
        folder=folder,
        task=learner.task.kind,
        labels=learner.task.labels,
        recipe=learner.recipe,
        seed=learner.seed,
        step=learner.step,
        state_file=folder / "state.safetensors",
        images_file=preparation.write_images(data.images, folder / "images.npy"),
        targets={name: values.cpu().numpy() for name, values in data.targets.items()},
        rows=data.rows,
        mean=tuple(data.mean.flatten().tolist()),
        std=tuple(data.std.flatten().tolist()),
    )


@pytest.fixture
def on_the_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(device, "prepare_device", lambda *_: learning.CPU)


@pytest.mark.parametrize("name", ["classifier", "detector"])
@pytest.mark.usefixtures("on_the_cpu")
def test_it_stands_where_the_first_process_stands(name: str, tmp_path: pathlib.Path) -> None:
    first = learning.a_learner(name)
    for _ in range(2):
        first.take_step(1e-3)
    second = worker.build_learner(assign(first, tmp_path))
    assert (second.step, second.recipe, second.task.labels) == (2, first.recipe, first.task.labels)
    assert np.array_equal(second.data.rows, first.data.rows)
    assert torch.equal(torch.as_tensor(second.data.images), torch.as_tensor(first.data.images))
    for one, other in zip(second.model.parameters(), first.model.parameters(), strict=True):
        assert torch.equal(one, other)
    assert float(second.take_step(1e-3)) == pytest.approx(float(first.take_step(1e-3)), rel=1e-5)


def test_it_ends_well_once_the_first_process_is_gone() -> None:
    ours, theirs = multiprocessing.Pipe()
    ours.close()
    assert worker.work(theirs) == 0


@pytest.mark.usefixtures("on_the_cpu")
@pytest.mark.parametrize(
    ("error", "is_out_of_memory", "has_lost_touch"),
    [
        pytest.param(RuntimeError("the file is damaged"), False, False, id="an error"),
        pytest.param(torch.OutOfMemoryError("CUDA out of memory"), True, False, id="a full device"),
        pytest.param(errors.RunError(Reason.OUT_OF_MEMORY, "a step on one image"), True, False, id="no image fits"),
        pytest.param(errors.RunError(Reason.UNKNOWN, "nobody knows"), False, False, id="the end of a run"),
        pytest.param(team.LostTouchError("connect timeout"), False, True, id="another device is gone"),
    ],
)
def test_a_failure_is_told_to_the_first_process(
    error: Exception,
    is_out_of_memory: bool,
    has_lost_touch: bool,
    tmp_path: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(*_: object) -> None:
        raise error

    assignment = assign(learning.a_learner("classifier"), tmp_path)
    monkeypatch.setattr(safetensors.torch, "load_file", fail)
    ours, theirs = multiprocessing.Pipe()
    ours.send(assignment)
    assert worker.work(theirs) == worker.FAILED
    failure = ours.recv()
    assert isinstance(failure, orders.Failure)
    assert (failure.is_out_of_memory, failure.has_lost_touch) == (is_out_of_memory, has_lost_touch)
    assert str(error) in failure.message
