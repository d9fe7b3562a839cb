"""A run that has published its model says so again after a kill, and trains no more."""

import pathlib
import threading

import pytest

from darkroom_api.conditions import Reason
from darkroom_api.report import Outcome
from darkroom_api.run_config import Command, DatasetSource, ResourceReference, RunConfig
from darkroom_api.v1alpha1.common import AnnotationKind, Artifacts, Task
from darkroom_trainer.budget.meter import Meter
from darkroom_trainer.checkpoints import receipts
from darkroom_trainer.data.picture_cache.cache import PictureCache
from darkroom_trainer.runtime.reporting import SilentReporter
from tests.local_storage import a_local_place

PUBLISHED = Outcome(
    command=Command.TRAIN,
    reason=Reason.SUCCEEDED,
    message="Done.",
    artifacts=Artifacts(uri="s3://bucket/model", digest="sha256:1"),
)


class Clock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def a_config(folder: pathlib.Path, attempt: int) -> RunConfig:
    return RunConfig(
        command=Command.TRAIN,
        resource=ResourceReference(kind="Model", namespace="n", name="m", uid="u"),
        attempt=attempt,
        dataset=DatasetSource(
            name="nowhere", annotation_kind=AnnotationKind.CLASSIFICATION, annotation_files=("file:///no/file",)
        ),
        task=Task.CLASSIFIER,
        budget_seconds=60,
        output=a_local_place(folder),
    )


def leave_one(folder: pathlib.Path, charged_seconds: float) -> None:
    clock = Clock()
    meter = Meter(clock=clock)
    clock.now += charged_seconds
    receipts.leave_receipt(a_config(folder, 1), PUBLISHED, meter)


def train(folder: pathlib.Path) -> Outcome:
    """Return how the second attempt ends."""
    from darkroom_trainer.commands.beginning import begin_training
    from darkroom_trainer.commands.training import train_model

    work, stop, meter = folder / "work", threading.Event(), Meter(clock=Clock())
    config, pictures = a_config(folder, 2), PictureCache(None, work, stop)
    with begin_training(config, work, SilentReporter(), stop, meter, (), pictures) as (context, devices):
        return train_model(context, devices)


def test_the_next_attempt_ends_with_the_same_outcome_and_is_charged_nothing_more(tmp_path: pathlib.Path) -> None:
    leave_one(tmp_path, 42.0)
    clock = Clock()
    meter = Meter(clock=clock)
    clock.now += 7.0
    found = receipts.find_receipt(a_config(tmp_path, 2), meter)
    assert found is not None
    assert (found.reason, found.artifacts) == (Reason.SUCCEEDED, PUBLISHED.artifacts)
    assert meter.charged_seconds == pytest.approx(42.0)


@pytest.mark.parametrize("attempt", [1, 2])
def test_a_run_that_has_published_nothing_finds_no_receipt(attempt: int, tmp_path: pathlib.Path) -> None:
    meter = Meter(clock=Clock())
    assert receipts.find_receipt(a_config(tmp_path, attempt), meter) is None


def test_what_is_no_receipt_is_ignored(tmp_path: pathlib.Path) -> None:
    (tmp_path / receipts.NAME).write_bytes(b'{"reason": \xff')
    assert receipts.find_receipt(a_config(tmp_path, 2), Meter(clock=Clock())) is None


def test_a_training_whose_model_is_published_does_not_even_read_its_dataset(tmp_path: pathlib.Path) -> None:
    leave_one(tmp_path, 42.0)
    assert train(tmp_path).artifacts == PUBLISHED.artifacts


def test_the_next_attempt_deletes_the_checkpoints_that_a_killed_one_left_and_keeps_the_claim(
    tmp_path: pathlib.Path,
) -> None:
    leave_one(tmp_path, 42.0)
    folder = tmp_path / "checkpoints"
    folder.mkdir()
    for name in ("00001-001-000001.json", "00001-001-000001.safetensors", "attempt-00001-001.json"):
        (folder / name).write_text("{}")
    train(tmp_path)
    assert [path.name for path in folder.iterdir()] == ["attempt-00001-001.json"]
