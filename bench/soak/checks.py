"""What must be true once the soak is over; every check returns what is wrong, in words."""

import time
from collections import Counter
from typing import Any, Final

from bench.clusters.release import ClusterSession
from bench.soak.plan import ENDS, REASONS, Sleeper
from darkroom_trainer.checkpoints.claims import is_claim
from tests.cluster.api.audit import AuditLog
from tests.cluster.api.connection import Manifest
from tests.cluster.api.waiting import ENDED, phase_of, reason_of, status_of

UNUSED_SECONDS: Final = 3.0
"""A sleeper leaves its reserve and a part of its last steps unused; the rest of the budget must be charged."""
COLLECTED_SECONDS: Final = 90
POLL_SECONDS: Final = 2.0
KEPT_CONFIG_MAPS: Final = frozenset({"kube-root-ca.crt"})


def wait_until_ended(session: ClusterSession, seconds: float) -> dict[str, Manifest]:
    """Return all Models by name, once every one has ended or the time is over."""
    deadline = time.monotonic() + seconds
    while True:
        models = {item["metadata"]["name"]: item for item in session.connection.select("Model", session.namespace)}
        if all(phase_of(model) in ENDED for model in models.values()) or time.monotonic() > deadline:
            return models
        time.sleep(POLL_SECONDS)


def find_wrong_ends(sleepers: list[Sleeper], models: dict[str, Manifest]) -> list[str]:
    """Return the Models that are not in the state that they must come to."""
    return [problem for sleeper in sleepers for problem in _check_end(sleeper, models.get(sleeper.name))]


def _check_end(sleeper: Sleeper, model: Manifest | None) -> list[str]:
    if model is None:
        return [f"{sleeper.name} is gone"]
    status, phase = status_of(model), phase_of(model)
    told = f"{sleeper.name} is {phase} {reason_of(model)}: {status.get('message')} {status.get('attempts')}"
    if phase != ENDS[sleeper.part]:
        return [told]
    if sleeper.part in REASONS and reason_of(model) != REASONS[sleeper.part]:
        return [told]
    return _check_meter(sleeper, status.get("budget") or {}) if phase == "Succeeded" else []


def _check_meter(sleeper: Sleeper, budget: dict[str, Any]) -> list[str]:
    charged, total = float(budget.get("chargedSeconds", 0.0)), sleeper.budget_seconds
    if total - UNUSED_SECONDS <= charged <= total:
        return []
    return [f"{sleeper.name} was charged {charged} s of {total} s"]


def find_doubles(session: ClusterSession, audit: AuditLog, models: dict[str, Manifest]) -> list[str]:
    """Return Jobs that were created more than once, and Models that were not published as often as they should."""
    problems = [
        f"Job {name} was created {count} times"
        for name, count in audit.creations_of("jobs", session.namespace).items()
        if count != 1
    ]
    published = Counter(key.split("/")[-2] for key in session.bucket.keys("") if "/publications/" in f"/{key}")
    for name, model in models.items():
        times = published[model["metadata"]["uid"]]
        allowed = {"Succeeded": {1}, "Cancelled": {0, 1}}.get(phase_of(model), {0})
        if times not in allowed:
            problems.append(f"{name} ({phase_of(model)}) was published {times} times: {status_of(model)['attempts']}")
    return problems


def find_live_jobs(session: ClusterSession) -> list[str]:
    """Return Jobs and pods that still work although every Model has ended."""
    jobs = [job for job in session.connection.select("Job", session.namespace) if job["status"].get("active")]
    pods = session.connection.select("Pod", session.namespace)
    running = [pod for pod in pods if pod["status"].get("phase") in ("Pending", "Running")]
    return [f"{item['metadata']['name']} still works" for item in (*jobs, *running)]


def find_leaks(session: ClusterSession) -> list[str]:
    """Delete every resource and return what stays of their children; and what runs left unfinished in the bucket."""
    for kind in ("Model", "Dataset"):
        for item in session.connection.select(kind, session.namespace):
            session.connection.delete(kind, item["metadata"]["name"], session.namespace)
    deadline = time.monotonic() + COLLECTED_SECONDS
    while (left := _list_children(session)) and time.monotonic() < deadline:
        time.sleep(POLL_SECONDS)
    uploads = session.bucket.client.list_multipart_uploads(Bucket=session.bucket.name).get("Uploads", [])
    return [f"{name} was left" for name in left] + [f"upload {upload['Key']} was left" for upload in uploads]


def _list_children(session: ClusterSession) -> list[str]:
    found = [
        f"{kind} {item['metadata']['name']}"
        for kind in ("Job", "Pod", "ConfigMap")
        for item in session.connection.select(kind, session.namespace)
    ]
    return [name for name in found if name.partition(" ")[2] not in KEPT_CONFIG_MAPS]


def find_old_checkpoints(session: ClusterSession, models: dict[str, Manifest]) -> list[str]:
    """Return the checkpoints of Models that have succeeded; the last claim stays, to keep stale processes out."""
    ended = {model["metadata"]["name"] for model in models.values() if phase_of(model) == "Succeeded"}
    kept = [key for key in session.bucket.keys("") if "/checkpoints/" in key and not is_claim(key)]
    return [f"{key} was left" for key in kept if any(f"/{name}-" in key for name in ended)]
