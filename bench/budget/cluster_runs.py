"""The runs of the budget bench: Models that wait for their turn, are let in one after the other, and are disturbed.

Owns the turns and the moments. All Models are applied at once and each has a compute class of its own, whose node
selector fits only while it is its turn: waiting overlaps with the runs before, trainings never do.
"""

import json
import random
import tempfile
import time
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from bench.budget.verdicts import QUEUED_SECONDS, Plan, Row, build_row
from bench.clusters.release import ClusterSession
from hack.localcluster.state import NODE
from tests.cluster.api import manifests, waiting
from tests.cluster.host import node
from tests.cluster.scenarios import disruptions
from tests.cluster.setup import installation
from tests.cluster.storage import samples

TURN_LABEL: Final = "darkroom.dev/bench-turn"
SAMPLE_SETS: Final = {"classifier": "digits", "detector": "digit-scenes"}
KINDS: Final = {"classifier": "imageClassification", "detector": "imageObjectDetection"}
SHOTS: Final = {"classifier": 40, "detector": None}
"""Training digits of each class: with all of them, 30 s are not enough on a busy machine."""
EARLIEST, LATEST = 0.05, 0.8
"""A kill falls between these shares of what the budget leaves to the attempt; later ones might meet no pod."""
RUN_OVERHEAD_SECONDS: Final = 120


def build_values(plans: list[Plan]) -> dict[str, Any]:
    """Return Helm values with a class for each run; the number of retries stays the chart's default."""
    shape = {**installation.VALUES["computeClasses"]["gpu"], "resourceName": node.GPU}
    classes = {_turn(plan): {**shape, "nodeSelector": {TURN_LABEL: str(plan.number)}} for plan in plans}
    retries = {**installation.VALUES["retries"], "failures": 2, "disruptions": 10}
    return {
        "computeClasses": {**installation.VALUES["computeClasses"], **classes},
        "retries": retries,
        "startTimeoutSeconds": 3600,
    }


def _turn(plan: Plan) -> str:
    return f"turn-{plan.number}"


def run_all(session: ClusterSession, plans: list[Plan], chance: random.Random) -> list[Row]:
    """Apply every Model, let them in one after the other and return their rows."""
    tasks = sorted({plan.task for plan in plans})
    for task in tasks:
        _prepare_data(session, task)
    for plan in plans:
        evaluation, compute = f"{plan.task}-eval", _turn(plan)
        model = manifests.a_model(
            plan.name, session.namespace, plan.task, task=plan.task, budget=f"{plan.budget_seconds}s",
            compute_class=compute, evaluationDataset=evaluation,
        )  # fmt: skip
        session.connection.apply(model)
    _wait_until_all_queue(session, plans)
    time.sleep(QUEUED_SECONDS + 1)
    try:
        return [_run(session, plan, chance) for plan in plans]
    finally:
        _let_in(session, None)


def _prepare_data(session: ClusterSession, task: str) -> None:
    """Write a sample set, all of it, into the bucket, and wait for its two Datasets."""
    name = SAMPLE_SETS[task]
    with tempfile.TemporaryDirectory() as folder:
        samples.write_samples(name, Path(folder), SHOTS[task])
        session.bucket.put_folder(Path(folder), name)
    for dataset, file in ((task, "train"), (f"{task}-eval", "eval")):
        session.apply_dataset(dataset, f"{name}/{file}.json", kind=KINDS[task])
    for dataset in (task, f"{task}-eval"):
        session.await_dataset(dataset)


def _wait_until_all_queue(session: ClusterSession, plans: list[Plan]) -> None:
    for plan in plans:
        session.waiter.reason("Model", session.namespace, plan.name, "Unschedulable", 120)


def _run(session: ClusterSession, plan: Plan, chance: random.Random) -> Row:
    """Let one Model in, disturb it as planned, and wait for its end."""
    _let_in(session, plan.number)
    kills = []
    for attempt, kind in enumerate(plan.kinds, 1):
        told = _disturb(session, plan, attempt, kind, chance)
        if told is None:
            break
        kills.append(told)
    seconds = 2 * plan.budget_seconds + RUN_OVERHEAD_SECONDS
    model = session.waiter.end("Model", session.namespace, plan.name, seconds)
    row = build_row(plan, tuple(kills), _find_queued_seconds(model), waiting.status_of(model))
    print(f"{plan.name}: {row.phase}, {row.used:.1%} used, {', '.join(kills) or 'not disturbed'}: {row.message}")
    print(json.dumps(waiting.status_of(model).get("attempts")), flush=True)
    return row


def _let_in(session: ClusterSession, number: int | None) -> None:
    turn = None if number is None else str(number)
    session.connection.merge("Node", NODE, None, {"metadata": {"labels": {TURN_LABEL: turn}}})


def _disturb(session: ClusterSession, plan: Plan, attempt: int, kind: str, chance: random.Random) -> str | None:
    """Do one kind of harm to an attempt at a random moment; returns which and when, None where the run had ended."""
    model = session.connection.get("Model", plan.name, session.namespace)
    if attempt > 1 and waiting.phase_of(model) in waiting.ENDED:
        return None
    pod = session.waiter.pod(session.namespace, plan.name, 120, attempt)
    seen = time.monotonic()
    kept = max(
        (entry.get("chargedSeconds") or 0.0 for entry in waiting.status_of(model).get("attempts", [])), default=0.0
    )
    delay = chance.uniform(EARLIEST, LATEST) * (plan.budget_seconds - kept)
    time.sleep(max(0.0, seen + delay - time.monotonic()))
    model = session.connection.get("Model", plan.name, session.namespace)
    if waiting.phase_of(model) in waiting.ENDED:
        return None
    disruptions.KINDS[kind](session.connection, pod)
    return f"{kind} at {delay:.0f} s"


def _find_queued_seconds(model: manifests.Manifest) -> float:
    """Return the seconds from a Model's creation to the start of its first container."""
    started = waiting.status_of(model).get("startedAt")
    if started is None:
        return 0.0
    return (
        datetime.fromisoformat(started) - datetime.fromisoformat(model["metadata"]["creationTimestamp"])
    ).total_seconds()
