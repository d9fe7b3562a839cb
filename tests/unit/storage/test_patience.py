"""Which failures are tried again, and for how long."""

import pytest

from darkroom_storage.errors import ObjectMissing, StorageError, StorageRefused, StorageUnreachable
from darkroom_storage.objects import retry_storage


class FakeTime:
    def __init__(self) -> None:
        self.now = 0.0

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.mark.parametrize("failure", [StorageUnreachable, StorageRefused])
def test_failures_that_may_pass_are_tried_again_for_a_bounded_time(failure: type[StorageError]) -> None:
    time, tries = FakeTime(), 0

    def fail() -> None:
        nonlocal tries
        tries += 1
        raise failure("s3://b/k")

    with pytest.raises(failure):
        retry_storage(fail, 20.0, time.sleep, lambda: time.now)
    assert 4 <= tries <= 8
    assert 12 <= time.now <= 20


def test_what_is_not_there_is_not_tried_again() -> None:
    def fail() -> None:
        raise ObjectMissing("s3://b/k")

    with pytest.raises(ObjectMissing):
        retry_storage(fail, 20.0, lambda _: pytest.fail("slept"))


def test_an_outage_that_ends_is_not_noticed() -> None:
    time = FakeTime()

    def act() -> str:
        if time.now < 5:
            raise StorageUnreachable("s3://b/k")
        return "done"

    assert retry_storage(act, 20.0, time.sleep, lambda: time.now) == "done"
