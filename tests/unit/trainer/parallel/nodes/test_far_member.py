"""A device of another pod: what it is told, and how its end is described."""

import pathlib
import pickle
import re
from typing import Any

import pytest
import safetensors.torch
import torch

from darkroom_trainer.checkpoints import sessions
from darkroom_trainer.parallel import orders
from darkroom_trainer.parallel.nodes import channel, far_member
from tests.support.learning import a_learner
from tests.unit.trainer.parallel.test_worker import assign


class Pod:
    """A pod that keeps what it is sent."""

    index = 2

    def __init__(self) -> None:
        self.lost_why = ""
        self.sent: list[tuple[str, bytes, dict[str, Any]]] = []

    def send(self, kind: str, body: bytes = b"", **fields: object) -> None:
        """Keep it."""
        if self.lost_why:
            raise BrokenPipeError(self.lost_why)
        self.sent.append((kind, body, fields))

    def lend(self, local_rank: int, files: list[pathlib.Path]) -> list[str]:
        """Give each a name."""
        return [f"{local_rank}-{file.name}" for file in files]

    def lose(self, why: str) -> None:
        """Be lost."""
        self.lost_why = self.lost_why or why


def a_member() -> tuple[far_member.FarMember, Pod]:
    pod = Pod()
    return far_member.FarMember(5, 1, 2, pod, 40), pod


def test_an_assignment_names_the_files_of_its_pod(tmp_path: pathlib.Path) -> None:
    one, pod = a_member()
    one.tell(assign(a_learner("classifier"), tmp_path))
    kind, body, fields = pod.sent[0]
    told = pickle.loads(body)
    assert (kind, fields) == ("assignment", {"process": 40})
    assert (str(told.state_file), str(told.images_file)) == ("1-state.safetensors", "1-images.npy")
    one.tell(orders.Step(0.1, 8))
    assert (pod.sent[1][0], pickle.loads(pod.sent[1][1])) == ("order", orders.Step(0.1, 8))


def test_what_is_no_tensor_of_its_network_is_refused(tmp_path: pathlib.Path) -> None:
    learner = a_learner("classifier")
    learner.take_step(1e-3)
    one, _ = a_member()
    one.tell(assign(learner, tmp_path))
    tensors = {name: value.contiguous() for name, value in sessions.snapshot(learner).items()}
    first = next(iter(tensors))
    wrong = {
        "another shape": {**tensors, first: torch.zeros(7)},
        "another type": {**tensors, first: tensors[first].double()},
        "one less": {name: value for name, value in tensors.items() if name != first},
        "one more": {**tensors, "model/more": torch.zeros(7)},
        "a state of no shape there is": {**tensors, "optimizer/0.exp_avg": torch.zeros(7, 7, 7)},
        "a state of nobody": {**tensors, "optimizer/first.exp_avg": torch.zeros(())},
    }
    standing = orders.Standing(tmp_path / "look.safetensors", 3, learner.recipe, 1.0, 4.0, 1.0, ())
    for told in wrong.values():
        safetensors.torch.save_file(told, standing.file)
        with pytest.raises(channel.BadFrame, match=r"Standing: [a-z]+/.* is no tensor of its network"):
            one.take_in(standing)
    safetensors.torch.save_file(tensors, standing.file)
    one.take_in(standing)
    assert one.take_standing(0.0) == standing


def test_hung_up_on_its_process_is_ended_and_a_lost_pod_is_not_told() -> None:
    one, pod = a_member()
    one.hang_up()
    assert pod.sent == [("end", b"", {"process": 40})]
    one.give_up("it did not start")
    one.hang_up()
    one.wait()
    assert len(pod.sent) == 1


@pytest.mark.parametrize(
    ("failure", "lost_why", "said"),
    [
        pytest.param(None, "", "the process of device 5 does not answer, which is number 1 of node 2", id="silence"),
        pytest.param(None, "its connection is closed", r"exit code 1, .* node 2: its connection is closed", id="lost"),
        pytest.param(
            orders.Failure("bad file", is_out_of_memory=False), "", r"failed: bad file, which is number 1", id="failed"
        ),
    ],
)
def test_its_end_names_its_node(failure: orders.Failure | None, lost_why: str, said: str) -> None:
    one, pod = a_member()
    if failure is not None:
        one.take_in(failure)
    pod.lost_why = lost_why
    assert one.has_ended is bool(failure or lost_why)
    assert re.search(said, one.describe_end())
