"""Which lost device is named, and which batches devices can share."""

import pytest

from darkroom_trainer.parallel import ends, member, orders
from darkroom_trainer.parallel.further_device import FurtherDevice
from darkroom_trainer.runtime import errors


def test_a_batch_that_is_too_small_to_be_shared_is_refused_by_field() -> None:
    ends.check_batch(16, 8)
    with pytest.raises(errors.RunError, match=r"^compute\.devices: 8 devices cannot share batches of 15 images"):
        ends.check_batch(15, 8)
    with pytest.raises(
        errors.RunError, match=r"^compute\.nodes: 8 devices on 4 nodes cannot share batches of 15 images"
    ):
        ends.check_batch(15, 8, 4)


class Ended(member.Member):
    """A process that has ended in a known way."""

    def __init__(self, rank: int, exit_code: int | None, failure: orders.Failure | None = None) -> None:
        FurtherDevice.__init__(self, rank, rank, 1)
        self.failure = failure
        self._exit_code = exit_code

    @property
    def exit_code(self) -> int | None:
        """Return what the test says."""
        return self._exit_code

    @property
    def has_ended(self) -> bool:
        """Return what the test says."""
        return self._exit_code is not None


FULL = orders.Failure("CUDA out of memory", is_out_of_memory=True)
ALONE = orders.Failure("LostTouchError: closed by peer", is_out_of_memory=False)


class Far(Ended):
    """A device of another pod, which can be given up."""

    why = ""

    @property
    def is_gone(self) -> bool:
        """Return whether it was."""
        return bool(self.why)

    def give_up(self, why: str) -> None:
        """Be gone."""
        self.why = why


CUT_OFF = orders.Failure("connect timeout", is_out_of_memory=False, has_lost_touch=True)


@pytest.mark.parametrize(
    ("members", "gone"),
    [
        pytest.param([Far(1, 1, CUT_OFF), Far(2, 1, CUT_OFF)], [2], id="two that cannot reach each other"),
        pytest.param([Far(1, 1, CUT_OFF), Far(2, None)], [1], id="one that says it first"),
        pytest.param([Far(1, 1, CUT_OFF), Far(2, -9)], [], id="one was killed"),
        pytest.param([Far(1, 1, CUT_OFF), Far(2, 1, FULL)], [], id="one is full"),
        pytest.param([Ended(1, 1, CUT_OFF), Far(2, None)], [], id="of the first pod"),
        pytest.param([Far(1, None)], [], id="nobody says anything"),
    ],
)
def test_of_nodes_that_lost_touch_with_each_other_alone_one_is_given_up(members: list[Ended], gone: list[int]) -> None:
    ends.give_up_cut_off(members)
    assert [one.rank for one in members if one.is_gone] == gone


@pytest.mark.parametrize(
    ("members", "kind", "said"),
    [
        pytest.param([Ended(1, 1, ALONE), Ended(2, -11)], "Unknown", r"device 2 .* -11 \(SIGSEGV\)", id="a crash"),
        pytest.param([Ended(1, 1, ALONE), Ended(2, -9)], "OutOfMemory", r"device 2 .*SIGKILL", id="killed"),
        pytest.param([Ended(1, 1, ALONE), Ended(2, 1, FULL)], None, "device 2: CUDA out of memory", id="full"),
        pytest.param([Ended(1, 1, ALONE), Ended(2, None)], "Unknown", "device 1 failed: LostTouch", id="the only word"),
        pytest.param([Ended(1, None), Ended(2, None)], "Unknown", "no process of 2 answers", id="silence"),
    ],
)
def test_the_device_that_was_lost_first_is_named(members: list[member.Member], kind: str | None, said: str) -> None:
    error = ends.explain_loss(members, "timeout")
    with pytest.raises(type(error), match=said):
        raise error
    assert getattr(error, "reason", None) == kind
