"""The JSON of what devices of other pods answer, and what is no answer."""

import dataclasses
import json
import pathlib

import pytest
import safetensors.numpy

from darkroom_trainer.parallel import orders
from darkroom_trainer.parallel.nodes import answers, channel
from darkroom_trainer.search.halving import Score
from tests.support.learning import a_learner

STANDING = orders.Standing(
    pathlib.Path("/far/away/end.safetensors"),
    7,
    a_learner("classifier").recipe,
    4.0,
    4.5,
    0.1 + 0.2,
    ((7, 0.5, 0.25), (9, 1.0, 1 / 3)),
    is_over=True,
    score=Score(0.75, 0.1),
)


@pytest.fixture
def folder(tmp_path: pathlib.Path) -> pathlib.Path:
    safetensors.numpy.save_file({}, tmp_path / "3-end.safetensors")
    return tmp_path


@pytest.mark.parametrize(
    "answer",
    [
        orders.Ready(),
        orders.Failure("CUDA out of memory", is_out_of_memory=True),
        STANDING,
        dataclasses.replace(STANDING, score=None, losses=()),
    ],
    ids=["ready", "a failure", "an end", "a diverged end"],
)
def test_an_answer_arrives_as_it_was_with_its_file_here(answer: orders.Answer, folder: pathlib.Path) -> None:
    kind, told = answers.write_answer(answer, "3-end.safetensors")
    if isinstance(answer, orders.Standing):
        answer = dataclasses.replace(answer, file=folder / "3-end.safetensors")
    assert answers.read_answer(kind, told, folder) == answer


def change(**fields: object) -> bytes:
    told = json.loads(answers.write_answer(STANDING, "3-end.safetensors")[1])
    return json.dumps({**told, **fields}).encode()


@pytest.mark.parametrize(
    ("kind", "told", "why"),
    [
        pytest.param("Step", b"{}", "no known kind", id="an order"),
        pytest.param("Failure", b"\x80\x04N.", "Failure: : Invalid JSON", id="a pickle"),
        pytest.param("Failure", b"{}", "Failure: message: Field required", id="nothing in it"),
        pytest.param("Standing", change(step="many"), "Standing: step: ", id="a number that is none"),
        pytest.param("Standing", change(file="2-end.safetensors"), "its file holds no tensors", id="no file"),
        pytest.param("Standing", change(file="broken"), "its file holds no tensors", id="a broken file"),
    ],
)
def test_what_is_no_answer_is_refused(kind: str, told: bytes, why: str, folder: pathlib.Path) -> None:
    (folder / "broken").write_bytes(b"what")
    with pytest.raises(channel.BadFrame) as caught:
        answers.read_answer(kind, told, folder)
    assert why in str(caught.value)


def test_a_file_is_looked_for_nowhere_else(folder: pathlib.Path) -> None:
    told = change(file="/etc/../../3-end.safetensors")
    assert answers.read_answer("Standing", told, folder) == dataclasses.replace(
        STANDING, file=folder / "3-end.safetensors"
    )
