"""Whole objects that anybody may have written: nothing leaves the store, a decision, the metrics or the poller."""

import copy
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, strategies as st

from darkroom_api import names
from darkroom_api.v1alpha1.dataset import DatasetStatus
from darkroom_api.v1alpha1.model import ModelStatus
from darkroom_operator import adoption
from darkroom_operator.api.resources import (
    DATASETS,
    EVALUATIONS,
    JOBS,
    MODELS,
    PODS,
    PREDICTIONS,
    WARNINGS,
    WATCHED,
    Resource,
)
from darkroom_operator.metrics import Metrics
from darkroom_operator.observing import observe
from darkroom_operator.observing.progress import Poller
from darkroom_operator.observing.store import Store
from tests.builders import a_config, a_dataset_spec, a_model_spec, an_attempt, an_evaluation_spec, an_outcome, stamp
from tests.fuzz.effort import fuzzed
from tests.fuzz.spoiling import JOB_NAME, UID, VALUES, Json, find_paths, spoil


def _metadata(name: str, uid: str, version: int, **more: Any) -> Json:
    named = {"name": name, "namespace": "vision", "uid": uid, "resourceVersion": str(version), "generation": 1}
    return {**named, "creationTimestamp": stamp(0), **more}


def _condition(kind: str) -> Json:
    return {"type": kind, "status": "True", "reason": "R", "message": "m", "lastTransitionTime": stamp(3)}


LABELS = {names.LABEL_UID: UID, names.LABEL_ATTEMPT: "1", names.LABEL_KIND: "Model"}
OWNER = {"apiVersion": names.API_VERSION, "kind": "Model", "name": "fruit", "uid": UID, "controller": True}
ENDED = {"exitCode": 0, "reason": "Completed", "startedAt": stamp(5), "finishedAt": stamp(9)}
STATES = {
    "running": {"running": {"startedAt": stamp(5)}},
    "ended": {"terminated": {**ENDED, "message": an_outcome().to_termination_message()}},
}
OVER_IMAGES = {"model": "fruit", "images": {"uri": "s3://vision/new"}}
READY = {"observedGeneration": 1, "phase": "Ready", "reason": "Ready", "summary": {"images": 9, "annotations": 9}}


def build_objects(state: str) -> list[tuple[Resource, Json]]:
    """Return a Dataset, a Model that trains on it, its Job and pod, a complaint, an Evaluation and a Prediction."""
    attempt = an_attempt(job=JOB_NAME, job_uid="job", pod_uid="pod", devices=1, milli_rate=1000, started_at=stamp(5))
    given = {"class": "gpu", "devices": 1, "milliRate": 1000, "deadlineSeconds": 750}
    budget = {"totalSeconds": 600, "chargedSeconds": 1, "allocatedSeconds": 2, "remainingSeconds": 599}
    status = {"observedGeneration": 1, "phase": "Training", "reason": "Training", "attempts": [attempt.to_json()]}
    status |= {"allocation": given, "budget": budget, "conditions": [], "queuedAt": stamp(0), "startedAt": stamp(5)}
    controller = {"apiVersion": "batch/v1", "kind": "Job", "name": JOB_NAME, "uid": "job", "controller": True}
    pod_status = {"phase": "Running", "podIP": "127.0.0.1", "conditions": [_condition("PodScheduled")]}
    container = {"name": "trainer", "image": "x", "resources": {"limits": {"cpu": "2"}}}
    template = {
        "spec": {
            "containers": [container],
            "volumes": [{"name": "v", "projected": {"sources": [{"secret": {"name": "s"}}]}}],
        }
    }
    return [
        (DATASETS, {"metadata": _metadata("fruit", "d", 1), "spec": a_dataset_spec().to_json(), "status": READY}),
        (MODELS, {"metadata": _metadata("fruit", UID, 2), "spec": a_model_spec().to_json(), "status": status}),
        (EVALUATIONS, {"metadata": _metadata("june", "e", 3), "spec": an_evaluation_spec().to_json()}),
        (PREDICTIONS, {"metadata": _metadata("july", "q", 3), "spec": OVER_IMAGES}),
        (
            JOBS,
            {
                "metadata": _metadata(JOB_NAME, "job", 4, labels=LABELS, annotations={}, ownerReferences=[OWNER]),
                "spec": {"suspend": False, "template": template},
                "status": {"startTime": stamp(1), "conditions": [_condition("Suspended")]},
            },
        ),
        (
            PODS,
            {
                "metadata": _metadata("p", "pod", 5, labels=LABELS, ownerReferences=[controller]),
                "spec": {"nodeName": "node0"},
                "status": {**pod_status, "containerStatuses": [{"name": "trainer", "state": STATES[state]}]},
            },
        ),
        (WARNINGS, {"metadata": _metadata("w", "w", 6), "regarding": {"uid": "job"}, "reason": "R", "note": "n"}),
    ]


@st.composite
def spoiled(draw: st.DrawFn) -> list[tuple[Resource, Any]]:
    """Return the objects with some fields replaced or gone, some replaced as a whole, and in any order."""
    built = build_objects(draw(st.sampled_from(sorted(STATES))))
    objects: list[tuple[Resource, Any]] = [(resource, copy.deepcopy(raw)) for resource, raw in built]
    for _ in range(draw(st.integers(0, 4))):
        index = draw(st.integers(0, len(objects) - 1))
        resource, raw = objects[index]
        paths = find_paths(raw) if isinstance(raw, dict) else []
        if not paths or draw(st.integers(0, 15)) == 0:
            objects[index] = (resource, draw(VALUES))
        else:
            spoil(raw, draw(st.sampled_from(paths)), draw(VALUES), draw(st.booleans()))
    return [objects[index] for index in draw(st.permutations(range(len(objects))))]


@fuzzed
@given(objects=spoiled(), removed=st.lists(st.integers(0, 5), max_size=2), seconds=st.integers(0, 100_000))
def test_no_object_stops_the_store_or_a_decision(
    objects: list[tuple[Resource, Any]], removed: list[int], seconds: int
) -> None:
    store, config, now = Store(), a_config(), datetime.fromtimestamp(1780315200 + seconds, UTC)
    poller = Poller(store, 10)
    for _ in range(2):
        for resource, raw in objects:
            store.put(resource, copy.deepcopy(raw))
    for index in removed:
        store.remove(*objects[index])
    for resource in (*WATCHED, WARNINGS):
        known = store.identities(resource)
        assert all(uid == identity.uid for uid, identity in known.items())
    poller._find_running()
    Metrics(store).render()
    for owner in [store.owner(owner.key) for owner in list(store.owners())]:
        if owner is None or owner.deleting:
            continue
        poller.find_report(observe.find_open_children(store, owner).pods)
        try:
            case = adoption.consider(store, owner, observe.Polled(now), config)
        except observe.InvalidSpecError:
            continue
        json.dumps(case.decision.status.to_json(), allow_nan=False)
        if case.decision.start is not None:
            case.build_job()


@pytest.mark.parametrize("status", [ModelStatus, DatasetStatus])
@fuzzed
@given(data=st.data())
def test_every_status_reads_as_something(status: Any, data: st.DataObject) -> None:
    raw = data.draw(VALUES)
    store = Store()
    metadata = _metadata("fruit", UID, 2)
    resource = MODELS if status is ModelStatus else DATASETS
    store.put(resource, {"metadata": metadata, "spec": {}, "status": raw})
    for owner in store.owners():
        assert isinstance(observe.observe_status(owner), status)
