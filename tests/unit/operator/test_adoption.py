"""Which Job an operator takes over that died before it wrote the attempt down, and which it does not."""

from typing import Any

import pytest

from darkroom_operator import adoption
from darkroom_operator.api.resources import JOBS, MODELS
from darkroom_operator.observing.observe import Polled
from tests.builders import a_config, at
from tests.unit.operator.desk import JOB_NAME
from tests.unit.operator.workbench import MODEL, Workbench


def consider(bench: Workbench, **config: Any) -> Any:
    """Decide about the Model."""
    bench.hear()
    owner = bench.store.owner(MODEL)
    assert owner is not None
    return adoption.consider(bench.store, owner, Polled(at(60)), a_config(**config)).decision


@pytest.fixture
def left(bench: Workbench) -> Workbench:
    """Return a workbench whose Model has a Job, of which its status says nothing."""
    bench.reconcile()
    del bench.cluster.objects[MODELS.plural, "vision", "fruit"]["status"]
    bench.start()
    return bench


def test_the_job_that_would_be_created_now_is_taken_over(left: Workbench) -> None:
    decision = consider(left)
    assert (decision.start, decision.stop) == (None, ())
    assert [attempt.job_uid for attempt in decision.status.attempts] == [f"uid-{JOB_NAME}"]
    assert decision.status.allocation is not None


def test_a_job_that_would_be_built_otherwise_now_is_stopped_and_followed_by_another(left: Workbench) -> None:
    decision = consider(left, trainer={"image": "example.org/trainer:2"})
    assert (decision.start, [job.name for job in decision.stop]) == (None, [JOB_NAME])
    del left.cluster.objects[JOBS.plural, "vision", JOB_NAME]
    assert consider(left, trainer={"image": "example.org/trainer:2"}).start == 1


def test_a_job_of_a_run_that_is_to_wait_is_stopped(left: Workbench) -> None:
    left.cluster.objects[MODELS.plural, "vision", "fruit"]["spec"]["suspend"] = True
    decision = consider(left)
    assert ([job.name for job in decision.stop], decision.status.attempts) == ([JOB_NAME], ())
