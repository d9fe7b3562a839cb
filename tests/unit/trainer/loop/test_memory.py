"""What a training does when its memory does not hold a batch."""

import pathlib

import pytest
import torch

from darkroom_api.conditions import Reason
from darkroom_trainer.loop import memory
from darkroom_trainer.loop.recipe import Recipe
from darkroom_trainer.runtime.errors import RunError
from tests.support.learning import CPU

RECIPE = Recipe("test_resnet", 64, 32, 4e-3)
FULL = torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")


@pytest.mark.parametrize(
    ("error", "means_it"),
    [
        pytest.param(FULL, True, id="torch on a device"),
        pytest.param(MemoryError(), True, id="Python"),
        pytest.param(RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory"), True, id="torch's CPU"),
        pytest.param(RuntimeError("CUBLAS_STATUS_ALLOC_FAILED"), True, id="a library below torch"),
        pytest.param(RuntimeError("shape mismatch"), False, id="another error of torch"),
        pytest.param(ValueError("out of memory"), False, id="another error that says so"),
    ],
)
def test_what_means_that_memory_was_not_there(error: Exception, *, means_it: bool) -> None:
    assert memory.is_out_of_memory(error) is means_it


def test_the_batch_is_halved_and_the_rate_goes_with_it() -> None:
    smaller = memory.recover(FULL, RECIPE, CPU)
    assert (smaller.batch_size, smaller.backbone) == (16, "test_resnet")
    assert smaller.peak_learning_rate == pytest.approx(4e-3 / 2**0.5)
    assert memory.shrink_batch(RECIPE, 100).batch_size == 1


def test_another_error_is_raised_as_it_is() -> None:
    error = RuntimeError("shape mismatch")
    with pytest.raises(RuntimeError, match="shape mismatch") as raised:
        memory.recover(error, RECIPE, CPU)
    assert raised.value is error


def test_where_one_image_does_not_fit_the_end_names_the_field() -> None:
    with pytest.raises(RunError, match=r"a step on one image of 64 px \(test_resnet\).*<class>\.memory: ") as raised:
        memory.recover(FULL, memory.shrink_batch(RECIPE, 32), CPU)
    assert raised.value.reason is Reason.OUT_OF_MEMORY


@pytest.mark.parametrize(
    ("files", "limit"),
    [
        pytest.param({"memory.max": "2147483648\n"}, 1 << 31, id="version 2"),
        pytest.param({"memory.max": "max\n"}, None, id="version 2 without a limit"),
        pytest.param({"memory/memory.limit_in_bytes": "1073741824"}, 1 << 30, id="version 1"),
        pytest.param({"memory/memory.limit_in_bytes": str(2**63 - 4096)}, None, id="version 1 without a limit"),
        pytest.param({}, None, id="no cgroup"),
    ],
)
def test_the_limit_is_that_of_the_containers_cgroup(
    files: dict[str, str], limit: int | None, tmp_path: pathlib.Path
) -> None:
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    assert memory.read_memory_limit(tmp_path) == limit
