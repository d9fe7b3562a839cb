"""When a network is compiled, and what happens where it cannot be."""

import logging

import pytest
import torch
from torch import nn

from darkroom_trainer.loop import compiling

PAYS = {"step_seconds": 0.1, "planned_steps": 20_000, "warm_up_seconds": 60, "expected_speedup": 1.2}


@pytest.mark.parametrize(
    ("change", "is_worthwhile"),
    [
        pytest.param({}, True, id="half an hour of steps"),
        pytest.param({"planned_steps": 1_000}, False, id="a short trial"),
        pytest.param({"step_seconds": 0.01}, False, id="short steps"),
        pytest.param({"expected_speedup": 1.0}, False, id="nothing to gain"),
        pytest.param({"warm_up_seconds": 400}, False, id="a long warm-up"),
        pytest.param({"warm_up_seconds": 0, "planned_steps": 1}, True, id="a warm-up that costs nothing"),
    ],
)
def test_a_network_is_compiled_only_where_that_saves_time(change: dict[str, float], is_worthwhile: bool) -> None:
    assert compiling.is_compile_worthwhile(**(PAYS | change)) is is_worthwhile


def failing(message: str) -> compiling.Forward:
    def forward(_images: torch.Tensor) -> torch.Tensor:
        raise RuntimeError(message)

    return forward


def test_a_compiler_that_fails_leaves_the_network_as_it_was(caplog: pytest.LogCaptureFixture) -> None:
    model = nn.Linear(2, 1)
    compiled = compiling.Compiled(model, compiler=lambda _: failing("no compiler here"))
    images = torch.ones(1, 2)
    with caplog.at_level(logging.WARNING):
        assert [torch.equal(compiled(images), model(images)) for _ in range(2)] == [True, True]
    assert [record.message for record in caplog.records] == ["the network is not compiled: no compiler here"]


def test_memory_that_runs_out_is_no_failure_of_the_compiler() -> None:
    compiled = compiling.Compiled(nn.Linear(2, 1), compiler=lambda _: failing("CUDA out of memory"))
    with pytest.raises(RuntimeError, match="out of memory"):
        compiled(torch.ones(1, 2))


def test_a_network_that_fails_itself_says_so() -> None:
    compiled = compiling.Compiled(nn.Linear(2, 1), compiler=lambda model: model)
    with pytest.raises(RuntimeError):
        compiled(torch.ones(1, 3))
