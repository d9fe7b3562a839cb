"""What a training needs before its first step, and how a bad run ends there."""

import pytest

from darkroom_api import conditions
from tests.unit.trainer.tiny_runs import Bench


def test_a_full_disk_is_told_with_the_setting_that_enlarges_it(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def fill(*_arguments: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("darkroom_trainer.data.decoded.os.posix_fallocate", fill)
    outcome = bench.run()
    assert outcome.reason is conditions.Reason.INVALID_CONFIGURATION
    assert outcome.message.startswith("computeClasses.<class>.ephemeralStorage: the disk below ")
    assert outcome.meter.charged_seconds == 0.0, "nothing was kept"
