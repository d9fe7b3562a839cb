"""How each way of not ending well is told."""

import errno
import pathlib

import pytest

from darkroom_api.conditions import Reason
from darkroom_api.run_config import Command
from darkroom_predict.errors import ModelUnusable
from darkroom_storage.errors import StorageMisconfigured
from darkroom_trainer.commands import failures
from darkroom_trainer.runtime.errors import RunError
from darkroom_trainer.runtime.stopping import RunStopped

ENDS = {
    "a stop": (RunStopped(), Reason.RETRYING_AFTER_DISRUPTION, "Stopped on request; "),
    "a reason that is known": (
        RunError(Reason.DATASET_CORRUPT, "train.json: id"), Reason.DATASET_CORRUPT, "train.json: id",
    ),
    "a model that cannot be used": (
        ModelUnusable("model: /m holds none"), Reason.INVALID_CONFIGURATION, "model: /m holds none",
    ),
    "a credential that is none": (
        StorageMisconfigured("SAS_URL: is no address"), Reason.INVALID_CONFIGURATION, "SAS_URL: is no address",
    ),
    "a full disk": (
        OSError(errno.ENOSPC, "No space left on device"),
        Reason.INVALID_CONFIGURATION, "computeClasses.<class>.ephemeralStorage: the disk below ",
    ),
    "anything else": (ValueError("odd"), Reason.UNKNOWN, "ValueError: odd"),
}  # fmt: skip


@pytest.mark.parametrize(("error", "reason", "said"), ENDS.values(), ids=ENDS.keys())
def test_each_end_has_its_reason_and_its_words(
    error: Exception, reason: Reason, said: str, tmp_path: pathlib.Path
) -> None:
    outcome = failures.build_outcome(Command.TRAIN, error, tmp_path)
    assert (outcome.command, outcome.reason) == (Command.TRAIN, reason)
    assert outcome.message.startswith(said)


@pytest.mark.parametrize(
    "error", [RunError(Reason.DATASET_CORRUPT, "x" * 5000), ModelUnusable("x" * 5000), ValueError("x" * 5000)]
)
def test_words_of_any_length_fit_an_outcome(error: Exception, tmp_path: pathlib.Path) -> None:
    assert len(failures.build_outcome(Command.TRAIN, error, tmp_path).message) <= 1024


def test_what_nobody_expected_is_told_with_its_place() -> None:
    try:
        int("many")
    except ValueError as error:
        said = failures.describe_failure(error)
    assert said.startswith("ValueError: invalid literal for int() with base 10: 'many' (test_failures.py:")
    assert said.endswith(" in test_what_nobody_expected_is_told_with_its_place)")
