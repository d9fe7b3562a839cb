"""One run of the bench of killed nodes, attempt after attempt, as the operator would start them.

Owns how a plan is carried out. Must not judge.
"""

import dataclasses
import hashlib
import signal
import time
from typing import Final

from bench.clusters.ports import find_free_port
from bench.node_kills import partition, pods
from bench.node_kills.place import Place, name_run
from bench.node_kills.verdicts import Course, Harm, Plan, Run, find_spot, has_come_to
from darkroom_api import conditions, endings
from tests.faults.storage.s3_server import BUCKET, S3Server

MOST_ATTEMPTS: Final = 4
MOST_SECONDS: Final = 240.0
"""After which an attempt hangs."""
GRACE_SECONDS: Final = 30.0
"""Between SIGTERM and SIGKILL, as Kubernetes has it."""
END_SECONDS: Final = 30.0
"""After the end of index 0 within which a worker has to end: then the operator would delete it."""
TIDY_SECONDS: Final = 5.0
POLL_SECONDS: Final = 0.1
RETRIED: Final = (conditions.Reason.RETRYING_AFTER_DISRUPTION, conditions.Reason.WAITING_FOR_NODES)
WORKER_ENDS: Final = (endings.ExitCode.SUCCEEDED, endings.ExitCode.STOPPED, endings.ExitCode.NODES_MISSING)
DECIDED: Final = (".safetensors", ".onnx")
"""Published files that the work alone decides: others hold times."""
CLAIM: Final = "/checkpoints/attempt-"
"""Each attempt writes one; they stay, so that no process of an earlier attempt ever takes the run over."""


def run_plan(plan: Plan, place: Place, usual: Course = ()) -> Run:
    """Train until the run has ended, attempt after attempt; the harm comes to the first, by the usual course."""
    began, stage, charged_seconds = time.monotonic(), "", 0.0
    course: Course = ()
    excess_seconds, seen_by = float("-inf"), ""
    folder, odd_ends = place.folder / name_run(plan), list[str]()
    for number in range(1, MOST_ATTEMPTS + 1):
        ports = find_free_port(), find_free_port()
        configs = [place.build_config(plan, number, charged_seconds, port) for port in ports]
        with partition.forwarding(ports[1], ports[0]) as forwarder:
            attempt = pods.Attempt(folder, configs, plan.clock)
            if number == 1:
                course = _follow(attempt, plan, usual)
                stage = "" if attempt.is_over else course[-1].stage
                if stage:
                    odd_ends += _harm(plan, attempt, forwarder)
            odd_ends += _await_ends(attempt, forwarder)
        outcome, excess = attempt.read_outcome(), attempt.read_excess()
        excess_seconds, seen_by = max((excess_seconds, seen_by), excess)
        charged_seconds = outcome.meter.charged_seconds if outcome is not None else charged_seconds
        if outcome is not None and outcome.reason not in RETRIED:
            break
    left = attempt.list_scratch() + pods.list_processes(folder.name, TIDY_SECONDS)
    if place.server.count_unfinished_uploads():
        left.append("an unfinished upload")
    keys = place.server.keys(f"{folder.name}/")
    return Run(
        plan=plan,
        stage=stage,
        course=tuple(course),
        reason=outcome.reason if outcome else None,
        message=outcome.message if outcome else attempt.read_log(0),
        attempts=number,
        charged_seconds=charged_seconds,
        excess_seconds=excess_seconds,
        seen_by=seen_by,
        model=_digest(place.server, [key for key in keys if key.endswith(DECIDED)]),
        keys=frozenset(key.removeprefix(folder.name) for key in keys if CLAIM not in key),
        left=tuple(left),
        odd_ends=tuple(odd_ends),
        real_seconds=time.monotonic() - began,
    )


def _follow(attempt: pods.Attempt, plan: Plan, usual: Course) -> Course:
    """Return where an attempt has been when its harm is due, or it has ended; the last spot is where it is then."""
    course = [attempt.read_spot()]
    due = None if plan.harm is Harm.NONE else find_spot(usual, plan.share)
    while not attempt.is_over:
        if due is not None and has_come_to(due[0], course[-1], usual):
            time.sleep(due[1])
            break
        time.sleep(POLL_SECONDS)
        spot = attempt.read_spot()
        has_moved = (spot.stage, spot.charged_seconds) != (course[-1].stage, course[-1].charged_seconds)
        if has_moved and spot.stage != pods.STARTING:  # which is also what is seen once the port is closed
            course.append(spot)
    return [*course, dataclasses.replace(course[-1], seconds=attempt.seconds)]


def _harm(plan: Plan, attempt: pods.Attempt, forwarder: partition.Forwarder) -> list[str]:
    """Do what is planned; returns who did not end as asked."""
    match plan.harm:
        case Harm.WORKER:
            attempt.kill(1)
        case Harm.FIRST:
            attempt.kill(0)
        case Harm.DRAIN:
            attempt.terminate()
            if attempt.wait(0, GRACE_SECONDS) is None:
                return [f"index 0 did not end within {GRACE_SECONDS:.0f} s of SIGTERM"]
        case _:
            forwarder.hold()
            if plan.silence_seconds is not None:
                time.sleep(plan.silence_seconds)
                forwarder.release()
    return []


def _await_ends(attempt: pods.Attempt, forwarder: partition.Forwarder) -> list[str]:
    """Wait until both pods have ended; returns which did not end as they should."""
    odd = []
    if attempt.wait(0, MOST_SECONDS) is None:
        odd.append(f"index 0 hung: {attempt.read_log(0)}")
    code = attempt.wait(1, END_SECONDS)
    if code is None:
        odd.append(f"the worker did not end with index 0: {attempt.read_log(1)}")
    elif code not in (*WORKER_ENDS, -signal.SIGKILL):
        odd.append(f"the worker ended with {code}: {attempt.read_log(1)}")
    forwarder.release()
    return odd


def _digest(server: S3Server, keys: list[str]) -> str:
    """Return a digest of what lies at these keys."""
    found = hashlib.sha256()
    for key in sorted(keys):
        found.update(server.client.get_object(Bucket=BUCKET, Key=key)["Body"].read())
    return found.hexdigest()
