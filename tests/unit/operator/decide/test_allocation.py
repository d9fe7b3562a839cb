"""What an attempt is given, and that nothing changes it afterwards."""

from typing import Any

import pytest

from darkroom_api.conditions import Reason, RunPhase
from darkroom_api.v1alpha1.common import Allocation
from darkroom_operator.decide.allocation import choose_hardware, find_batch_divisor
from darkroom_operator.decide.model import decide_model
from darkroom_operator.decide.model_use import decide_evaluation
from darkroom_operator.facts.children import ObservedJob
from darkroom_operator.facts.reading import parse_job
from darkroom_operator.manifests.job import build_job
from darkroom_operator.manifests.run_config import plan_training
from tests.builders import (
    a_config,
    a_job,
    a_model_spec,
    a_model_status,
    a_model_view,
    a_pod,
    a_running_pod,
    an_attempt,
    an_ended_pod,
    an_evaluation_view,
    an_observed_dataset,
    an_outcome,
    at,
)

GPU = {"resourceName": "nvidia.com/gpu", "maxDevices": 4}
GIVEN = {
    "one device where none is asked for": ({}, 5000, ("gpu", 1, 1000, 600 + 150)),
    "as many devices as are asked for": ({"compute": {"devices": 3}}, 5000, ("gpu", 3, 1000, 200 + 150)),
    "fewer devices where each would see fewer than 32 images": (
        {"compute": {"devices": 4}}, 95, ("gpu", 2, 1000, 300 + 150),
    ),
    "one device for the smallest data": ({"compute": {"devices": 4}}, 3, ("gpu", 1, 1000, 600 + 150)),
    "what was asked for where the number of images is not known": (
        {"compute": {"devices": 2}}, None, ("gpu", 2, 1000, 300 + 150),
    ),
    "a longer deadline on a slower class": ({"compute": {"class": "cpu"}}, 5000, ("cpu", 1, 100, 6000 + 150)),
}  # fmt: skip


@pytest.mark.parametrize(("spec", "images", "given"), GIVEN.values(), ids=GIVEN.keys())
def test_a_first_attempt_is_given(spec: Any, images: int | None, given: tuple[str, int, int, int]) -> None:
    view = a_model_view(a_model_spec(**spec), dataset=an_observed_dataset(images=images))
    status = decide_model(view, a_config()).status
    found = status.allocation
    assert found is not None
    assert (found.class_name, found.devices, found.milli_rate, found.deadline_seconds) == given
    assert (status.attempts[0].devices, status.attempts[0].milli_rate) == given[1:3]


SPREAD = a_config(computeClasses={"gpu": {**GPU, "maxNodes": 8}, "cpu": {"milliRate": 100}})
NODES = {
    "one pod where no nodes are asked for": ({}, 5000, (1, None, None, 600 + 150)),
    "one pod where one node is asked for": ({"nodes": 1, "minNodes": 1}, 5000, (1, None, None, 600 + 150)),
    "all or nothing, for as long as one alone needs": ({"nodes": 4}, 5000, (1, 4, 4, 600 + 450)),
    "at least some": ({"nodes": 4, "minNodes": 2, "devices": 2}, 5000, (2, 4, 2, 300 + 450)),
    "fewer nodes where each device would see fewer than 32 images": (
        {"nodes": 4, "minNodes": 3, "devices": 2}, 150, (2, 2, 2, 300 + 450),
    ),
    "one pod for small data": ({"nodes": 4, "devices": 2}, 70, (2, None, None, 300 + 150)),
    "as many nodes as are asked for where the number of images is not known": (
        {"nodes": 8, "devices": 4}, None, (4, 8, 8, 150 + 450),
    ),
}  # fmt: skip


@pytest.mark.parametrize(("compute", "images", "given"), NODES.values(), ids=NODES.keys())
def test_a_first_attempt_is_given_nodes(compute: Any, images: int | None, given: tuple[Any, ...]) -> None:
    view = a_model_view(a_model_spec(compute=compute), dataset=an_observed_dataset(images=images))
    status = decide_model(view, SPREAD).status
    found = status.allocation
    assert found is not None
    assert (found.devices, found.nodes, found.min_nodes, found.deadline_seconds) == given
    assert status.attempts[0].nodes == given[1]


def test_nodes_beyond_what_the_class_allows_are_refused_with_what_to_do() -> None:
    view = a_model_view(a_model_spec(compute={"nodes": 4}), dataset=an_observed_dataset(images=5000))
    decision = decide_model(view, a_config())
    assert (decision.start, decision.status.reason) == (None, Reason.INVALID_CONFIGURATION)
    assert decision.status.message == ("compute.nodes: 4 is more than compute class `gpu` allows; ask for at most 1.")


DEADLINES: dict[str, tuple[int | None, int | None, float]] = {
    "one pod": (None, None, 1050),
    "one pod, whatever it says": (None, 4, 1050),
    "several before they have met": (4, None, 1050),
    "all of several": (4, 4, 450 + 150),
    "one of several that is left": (4, 1, 1050),
    "more than there are": (4, 9, 450 + 150),
    "none": (4, 0, 1050),
}


@pytest.mark.parametrize(("nodes", "taking_part", "seconds"), DEADLINES.values(), ids=DEADLINES.keys())
def test_the_second_ring_is_narrower_the_more_nodes_take_part(
    nodes: int | None, taking_part: int | None, seconds: float
) -> None:
    given = Allocation(class_name="gpu", devices=1, nodes=nodes, milli_rate=1000, deadline_seconds=600 + 450)
    hardware = choose_hardware(None, None, a_config())
    assert hardware.find_deadline(given, taking_part) == seconds


def test_a_class_allows_no_more_than_its_devices() -> None:
    given = choose_hardware(a_model_spec(compute={"devices": 9}).compute, 10_000, a_config())
    assert given.devices == 4


def test_a_later_attempt_may_work_for_what_the_earlier_ones_left() -> None:
    status = a_model_status(an_attempt(1, Reason.RETRYING_AFTER_DISRUPTION, charged_seconds=450))
    found = decide_model(a_model_view(status=status, now=at(500)), a_config()).status.allocation
    assert found is not None
    assert found.deadline_seconds == 150 + 150


def test_what_an_attempt_kept_that_ends_now_counts_for_the_next() -> None:
    pod = an_ended_pod(143, an_outcome(Reason.RETRYING_AFTER_DISRUPTION, charged=450), finished=480)
    view = a_model_view(status=a_model_status(an_attempt()), pods=(pod,), jobs=(a_job(failure="x"),), now=at(490))
    decision = decide_model(view, a_config())
    assert decision.start == 2
    plan = plan_training(view, decision.status, a_config())
    assert plan.deadline_seconds == 150 + 150
    assert plan.run.allocated_seconds == 450


def test_an_evaluation_is_given_its_own_limit() -> None:
    found = decide_evaluation(an_evaluation_view(), a_config()).status.allocation
    assert found == Allocation(class_name="gpu", devices=1, milli_rate=1000, deadline_seconds=6 * 3600 + 150)


def test_the_node_is_shown_once_the_pod_is_placed() -> None:
    first = decide_model(a_model_view(), a_config()).status
    placed = decide_model(a_model_view(status=first, jobs=(a_job(),), pods=(a_pod(),)), a_config()).status
    assert first.allocation is not None
    assert placed.allocation == first.allocation.model_copy(update={"node": "node0"})


def start_on(config: Any) -> tuple[Any, ObservedJob]:
    """Start a Model on two devices and return its status and its Job."""
    view = a_model_view(a_model_spec(compute={"devices": 2}), dataset=an_observed_dataset(images=500))
    status = decide_model(view, config).status
    manifest = build_job(plan_training(view, status, config), config)
    manifest["metadata"] |= {"uid": "job-1", "resourceVersion": "10"}
    return status, parse_job(manifest)


CHANGES = {
    "its speed is changed": {"computeClasses": {"gpu": {**GPU, "milliRate": 5000}}},
    "it is removed": {"computeClasses": {"cpu": {"milliRate": 100}}, "defaultComputeClass": "cpu"},
    "it allows fewer devices": {"computeClasses": {"gpu": {**GPU, "maxDevices": 1}}},
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_a_running_attempt_stays_as_it_was_given_when_its_class_changes(change: Any) -> None:
    status, job = start_on(a_config())
    pod = a_running_pod(started=30)
    view = a_model_view(
        a_model_spec(compute={"devices": 2}), status, jobs=(job,), pods=(pod,), now=at(30 + 300 + 149),
    )  # fmt: skip
    decision = decide_model(view, a_config(**change))
    assert decision.status.phase is RunPhase.TRAINING
    assert decision.stop == ()
    found = decision.status.allocation
    assert found is not None
    assert (found.class_name, found.devices, found.milli_rate, found.deadline_seconds) == ("gpu", 2, 1000, 450)


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_what_an_attempt_held_is_counted_at_the_rate_it_was_given(change: Any) -> None:
    status, job = start_on(a_config())
    pod = an_ended_pod(0, an_outcome(), started=30, finished=50)
    ended = decide_model(a_model_view(status=status, jobs=(job,), pods=(pod,)), a_config(**change)).status
    assert ended.budget is not None
    assert ended.budget.allocated_seconds == 40


@pytest.mark.parametrize(("seconds", "overran"), [(449, False), (451, True)])
def test_an_overrun_is_told_by_the_deadline_it_was_given(seconds: float, overran: bool) -> None:
    status, job = start_on(a_config())
    pod = an_ended_pod(1, "bad", started=30, finished=30 + seconds)
    slower = a_config(computeClasses={"gpu": {**GPU, "milliRate": 10}})
    view = a_model_view(status=status, jobs=(job,), pods=(pod,), now=at(31 + seconds))
    assert ("did not stop by itself" in (decide_model(view, slower).status.message or "")) is overran


@pytest.mark.parametrize(
    ("outcomes", "divisor"),
    [([], 1), ([Reason.UNKNOWN], 1), ([Reason.OUT_OF_MEMORY, Reason.RETRYING_AFTER_DISRUPTION], 2)],
    ids=["no attempt", "a crash", "too little memory some attempts ago"],
)
def test_the_batch_is_halved_after_too_little_memory(outcomes: list[Reason], divisor: int) -> None:
    attempts = tuple(an_attempt(number, outcome) for number, outcome in enumerate(outcomes, 1))
    assert find_batch_divisor(attempts) == divisor
