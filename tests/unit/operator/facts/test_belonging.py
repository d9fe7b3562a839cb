"""Which Jobs and pods count for an attempt, whatever their labels say."""

from dataclasses import replace
from typing import Any

import pytest

from darkroom_api.conditions import Reason
from darkroom_operator.facts import belonging
from darkroom_operator.facts.children import Asked
from tests.builders import a_job, a_pod, an_attempt

BUILT = Asked(digest="sha256:pod", config_digest="sha256:run")
EARLIER: Any = {"job_uid": None}
"""What a version recorded that knew no uid of a Job."""


def test_only_the_last_attempt_can_be_open() -> None:
    closed = an_attempt(1, Reason.UNKNOWN)
    assert belonging.find_open(()) is None
    assert belonging.find_open((closed,)) is None
    assert belonging.find_open((closed, an_attempt(2))) == an_attempt(2)


@pytest.mark.parametrize(
    ("attempt", "job", "counts"),
    [
        (an_attempt(), a_job(), True),
        (an_attempt(), a_job(uid="made-in-its-place"), False),
        (an_attempt(**EARLIER), a_job(), True),
        (an_attempt(**EARLIER), a_job(name="another"), False),
    ],
    ids=["the very one", "a namesake", "by its name, of an earlier version", "another name"],
)
def test_a_job_counts(attempt: Any, job: Any, counts: bool) -> None:
    assert (belonging.find_job((job,), attempt) is job) is counts
    assert (belonging.find_strays((job,), (attempt,)) == (job,)) is not counts


@pytest.mark.parametrize(
    ("attempt", "job", "pod", "counts"),
    [
        (an_attempt(), a_job(), a_pod(), True),
        (an_attempt(), None, a_pod(), True),
        (an_attempt(), a_job(), a_pod(job_uid="another"), False),
        (an_attempt(**EARLIER), a_job(), a_pod(), True),
        (an_attempt(**EARLIER), None, a_pod(), False),
        (an_attempt(pod_uid="pod-1", **EARLIER), None, a_pod(), True),
    ],
    ids=[
        "that its Job controls",
        "that its Job controlled, which is gone",
        "that another Job controls",
        "of an earlier version's Job",
        "that has but its labels",
        "that was written down",
    ],
)
def test_a_pod_counts(attempt: Any, job: Any, pod: Any, counts: bool) -> None:
    assert (belonging.find_pods((pod,), attempt, job) == (pod,)) is counts


@pytest.mark.parametrize("changed", [{"digest": "sha256:else"}, {"config_digest": "sha256:else"}, {"digest": ""}])
def test_a_job_is_taken_over_only_where_it_was_built_as_it_would_be_now(changed: Any) -> None:
    assert belonging.is_built_as(a_job(asked=replace(BUILT, image="admission:changed")), BUILT)
    assert not belonging.is_built_as(a_job(asked=replace(BUILT, **changed)), BUILT)
    assert not belonging.is_built_as(a_job(asked=Asked()), Asked())
