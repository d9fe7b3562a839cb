"""The order of a further device's answers, and the words for how a process ended."""

import pytest

from darkroom_trainer.parallel import further_device, orders

FAILURE = orders.Failure("the file is damaged", is_out_of_memory=False)


class Answering(further_device.FurtherDevice):
    """A device that answers so."""

    exit_code = None

    def __init__(self, *answers: orders.Answer) -> None:
        super().__init__(3, 1, 2)
        self.answers = list(answers)

    def tell(self, order: object) -> None:
        """Do nothing."""

    def give_up(self, why: str) -> None:
        """Do nothing."""

    def hang_up(self) -> None:
        """Do nothing."""

    def wait(self) -> None:
        """Do nothing."""

    def _take_next(self, _wait_seconds: float) -> orders.Answer | None:
        return self.answers.pop(0) if self.answers else None


def test_who_asks_whether_it_has_ended_loses_no_answer() -> None:
    one = Answering(orders.Ready(), FAILURE)
    assert not one.has_ended
    assert one.is_ready(0.0)
    assert one.has_ended
    assert one.failure == FAILURE
    assert one.describe_end() == "the process of device 3 failed: the file is damaged"
    assert (one.is_gone, one.is_killed, one.take_standing(0.0)) == (False, False, None)


@pytest.mark.parametrize(("code", "said"), [(0, "exit code 0"), (-9, "exit code -9 (SIGKILL)")])
def test_an_exit_code_is_described_with_its_signal(code: int, said: str) -> None:
    assert further_device.describe_code(code) == said
