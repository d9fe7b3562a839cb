"""What the garbage collector leaves out while a training runs, and gets back after it."""

import gc
import weakref

import pytest

from darkroom_trainer.runtime.garbage import leave_out_loaded


class Ring:
    """Garbage that only a collection finds: it holds itself."""

    def __init__(self) -> None:
        self.itself = self


def test_what_is_loaded_is_left_out_and_what_a_run_leaves_is_still_collected() -> None:
    before = len(gc.get_objects())
    with leave_out_loaded():
        assert len(gc.get_objects()) < before / 10, "nearly all of it is out of sight"
        ring = weakref.ref(Ring())
        gc.collect()
        assert ring() is None
    assert gc.get_freeze_count() == 0


def test_everything_is_collected_again_after_a_run_that_failed() -> None:
    with pytest.raises(ZeroDivisionError), leave_out_loaded():
        raise ZeroDivisionError
    assert gc.get_freeze_count() == 0
