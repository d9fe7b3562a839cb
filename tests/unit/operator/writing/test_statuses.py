"""When a status is written, how often, and what is told of it."""

import asyncio
from typing import Any

import pytest

from darkroom_api.conditions import Reason, RunPhase
from darkroom_api.v1alpha1.common import Artifacts
from darkroom_api.v1alpha1.model import ModelStatus
from darkroom_api.v1alpha1.run_status import ProgressStatus
from darkroom_operator.api.resources import DATASETS, EVALUATIONS, MODELS, PODS, Key
from darkroom_operator.metrics import Metrics
from darkroom_operator.observing.store import Store
from darkroom_operator.writing import statuses
from tests.builders import an_attempt, at
from tests.unit.operator.fake_cluster import FakeCluster, Json
from tests.unit.operator.objects import a_child

MODEL = Key("Model", "vision", "fruit")
INTERVAL_SECONDS = 10.0
TRAINING = ModelStatus(
    observed_generation=1,
    phase=RunPhase.TRAINING,
    reason=Reason.TRAINING,
    message="Trains.",
    attempts=(an_attempt(1),),
)


class Writing:
    """A writer of statuses with a Model, and what came of it."""

    def __init__(self, interval_seconds: float = INTERVAL_SECONDS, uid: str = "uid-fruit") -> None:
        self.cluster, self.store, self.woken = FakeCluster(), Store(), list[Key]()
        cluster: Any = self.cluster
        metrics = Metrics(self.store)
        self.writer = statuses.StatusWriter(cluster, self.store, metrics, self.woken.extend, interval_seconds)
        model = {"metadata": {"name": "fruit", "uid": uid}, "spec": {"dataset": "d"}}
        self.store.put(MODELS, self.cluster.add(MODELS, model))

    def write(self, before: ModelStatus, after: ModelStatus) -> float | None:
        """Write a status; returns how long it has to wait."""
        owner = self.store.owner(MODEL)
        assert owner is not None
        return asyncio.run(self.writer.write(owner, before, after))

    @property
    def statuses(self) -> list[tuple[str, str, str]]:
        """Return the writes of statuses."""
        return [write for write in self.cluster.writes if write[1] == "models/status"]

    @property
    def events(self) -> list[Json]:
        """Return the Events."""
        return [item for (kind, _, _), item in self.cluster.objects.items() if kind == "events"]


@pytest.fixture
def written() -> Writing:
    """Return a writer that has just written the status of a Model that trains."""
    written = Writing()
    assert written.write(ModelStatus(), TRAINING) is None
    return written


CHANGES: dict[str, tuple[dict[str, Any], bool]] = {
    "its words": ({"message": "Trains on."}, False),
    "its progress": ({"progress": ProgressStatus(percent=40)}, False),
    "what an attempt was charged": ({"attempts": (an_attempt(1, charged_seconds=3.0),)}, False),
    "its phase": ({"phase": RunPhase.QUEUED}, True),
    "its reason": ({"reason": Reason.SCHEDULING}, True),
    "the spec that it is about": ({"observed_generation": 2}, True),
    "its artifacts": ({"artifacts": Artifacts(uri="s3://vision/out")}, True),
    "when it started": ({"started_at": at(9)}, True),
    "when it ended": ({"completed_at": at(90)}, True),
    "how an attempt ended": ({"attempts": (an_attempt(1, Reason.STORAGE_UNAVAILABLE),)}, True),
    "its number of attempts": ({"attempts": (an_attempt(1), an_attempt(2))}, True),
}


@pytest.mark.parametrize(("changes", "at_once"), CHANGES.values(), ids=CHANGES)
def test_soon_after_a_write_only_a_change_that_matters_is_written(
    changes: dict[str, Any], written: Writing, *, at_once: bool
) -> None:
    pause = written.write(TRAINING, TRAINING.model_copy(update=changes))
    assert len(written.statuses) == (2 if at_once else 1)
    assert pause is None if at_once else 0 < (pause or 0.0) <= INTERVAL_SECONDS


def test_a_change_of_words_is_written_once_the_last_write_is_old_enough() -> None:
    written = Writing(interval_seconds=0.0)
    written.write(ModelStatus(), TRAINING)
    assert written.write(TRAINING, TRAINING.model_copy(update={"message": "Trains on."})) is None
    assert len(written.statuses) == 2


@pytest.mark.parametrize(
    ("before", "after"),
    [(TRAINING, TRAINING), (ModelStatus(), ModelStatus(message="It goes."))],
    ids=["the same", "one about no spec yet"],
)
def test_nothing_is_written_of(before: ModelStatus, after: ModelStatus) -> None:
    written = Writing()
    assert written.write(before, after) is None
    assert written.cluster.writes == []


def test_a_written_status_wakes_what_waits_for_its_object(written: Writing) -> None:
    waiting = {"metadata": {"name": "june"}, "spec": {"model": "fruit", "dataset": "d"}}
    written.store.put(EVALUATIONS, written.cluster.add(EVALUATIONS, waiting))
    written.store.put(DATASETS, written.cluster.add(DATASETS, {"metadata": {"name": "d"}}))
    written.write(TRAINING, TRAINING.model_copy(update={"completed_at": at(90)}))
    assert written.woken == [Key("Evaluation", "vision", "june")]


def test_a_new_phase_is_told_as_an_event_and_new_words_are_not(written: Writing) -> None:
    assert [(event["type"], event["reason"]) for event in written.events] == [("Normal", "Training")]
    ended = TRAINING.model_copy(update={"phase": RunPhase.FAILED, "reason": Reason.TRAINING_DIVERGED, "message": "NaN"})
    written.write(TRAINING, ended)
    written.write(ended, ended.model_copy(update={"message": "NaN at step 3", "completed_at": at(90)}))
    assert [(event["reason"], event["note"]) for event in written.events[1:]] == [("TrainingDiverged", "NaN")]


OPEN, ENDED = an_attempt(1, job_uid="j"), an_attempt(1, Reason.UNKNOWN, job_uid="j")


def test_a_pod_that_went_is_remembered_until_the_status_holds_the_end_of_its_attempt() -> None:
    written = Writing(uid="u1")
    written.store.put(PODS, a_child(200, controller="j"))
    written.store.remove(PODS, a_child(201, controller="j"))
    owner = written.store.owner(MODEL)
    assert owner is not None
    kept = []
    for attempt in (OPEN, ENDED):
        written.write(ModelStatus(), TRAINING.model_copy(update={"attempts": (attempt,)}))
        kept.append(len(written.store.pods(owner)))
    assert kept == [1, 0]
