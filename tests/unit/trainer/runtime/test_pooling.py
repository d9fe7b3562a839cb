"""Work on many things at once, with the results in order."""

import threading

import pytest

from darkroom_trainer.runtime.pooling import map_in_order


def test_results_come_in_order_and_the_end_is_told() -> None:
    stop = threading.Event()
    assert list(map_in_order(lambda place, item: (place, item), "abc" * 100, "test", stop)) == list(
        enumerate("abc" * 100)
    )
    assert stop.is_set()


def test_a_failure_ends_the_work_that_waits() -> None:
    stop = threading.Event()

    def use(place: int, _item: str) -> None:
        if place == 0:
            raise ValueError("broken")
        stop.wait(60)

    with pytest.raises(ValueError, match="broken"):
        list(map_in_order(use, "abc", "test", stop))
    assert stop.is_set()
