"""What is read of raw Jobs, pods and Events, and how an object that cannot be read is told."""

from typing import Any

import pytest

from darkroom_api import names
from darkroom_operator.api.resources import Key
from darkroom_operator.facts.reading import (
    MAX_TEXT,
    UnreadableObjectError,
    parse_job,
    parse_number,
    parse_owner,
    parse_pod,
    read_conditions,
    read_identity,
    read_list_version,
)
from darkroom_operator.facts.views import StoredOwner
from tests.builders import at, stamp
from tests.unit.operator.objects import a_child, an_object


def test_a_job_knows_its_owner_by_the_name_that_the_operator_gives_to_that_attempt() -> None:
    job = parse_job(a_child(5))
    assert (job.owner_uid, job.owner, job.attempt) == ("u1", Key("Model", "vision", "fruit"), 1)


@pytest.mark.parametrize(
    "change",
    [
        {"name": "fruit"},
        {"labels": {names.LABEL_ATTEMPT: "2"}},
        {"labels": {names.LABEL_ATTEMPT: "\u00b2"}},
        {
            "ownerReferences": [
                {"apiVersion": "apps/v1", "kind": "Model", "name": "fruit", "uid": "u1", "controller": True}
            ]
        },
        {"ownerReferences": [{"apiVersion": names.API_VERSION, "kind": "Model", "name": "fruit", "uid": "u1"}]},
    ],
    ids=["another name", "another attempt", "a digit that int() refuses", "another API group", "no controller"],
)
def test_a_job_is_nobodys_that_has(change: dict[str, Any]) -> None:
    raw = a_child(5)
    raw["metadata"] |= change
    assert (parse_job(raw).owner_uid, parse_job(raw).owner) == ("", None)


@pytest.mark.parametrize(
    ("annotations", "index", "leads"),
    [
        (None, 0, True),
        ({names.ANNOTATION_CONFIG_DIGEST: "x"}, 0, True),
        ({"batch.kubernetes.io/job-completion-index": "0"}, 0, True),
        ({"batch.kubernetes.io/job-completion-index": "12"}, 12, False),
        ({"batch.kubernetes.io/job-completion-index": ""}, -1, False),
        ({"batch.kubernetes.io/job-completion-index": "\u0660"}, -1, False),
    ],
    ids=["no notes", "other notes", "the first", "another", "nothing", "a digit that is not ours"],
)
def test_a_pod_leads_by_its_index(annotations: Any, index: int, leads: bool) -> None:
    raw = a_child(5)
    raw["metadata"]["annotations"] = annotations
    assert (parse_pod(raw).index, parse_pod(raw).leads) == (index, leads)


@pytest.mark.parametrize(
    ("failed", "leader"),
    [(None, False), ("", False), ("0", True), ("0,3-5", True), ("0-2", True), ("1-3", False), ("10", False)],
)
def test_a_job_knows_whether_its_index_0_has_failed(failed: str | None, leader: bool) -> None:
    assert parse_job(a_child(5, status={"failedIndexes": failed})).leader_failed is leader


def test_a_job_knows_how_many_pods_it_has_and_whether_they_have_indexes() -> None:
    job = parse_job(a_child(5, spec={"completionMode": "Indexed", "parallelism": 3}))
    assert (job.indexed, job.parallelism) == (True, 3)
    job = parse_job(a_child(5, spec={"completionMode": "NonIndexed"}))
    assert (job.indexed, job.parallelism) == (False, 0)


def test_absent_and_null_fields_read_alike() -> None:
    bare, null = a_child(5), a_child(5, spec=None, status=None)
    null["metadata"] |= {"annotations": None, "deletionTimestamp": None}
    assert parse_job(null) == parse_job(bare)
    assert parse_pod(null) == parse_pod(bare)


def test_a_job_is_suspended_until_the_job_controller_has_resumed_it() -> None:
    """Kueue's write comes first: until the controller's, the Job has no start that a timeout could count from."""
    held = {"conditions": [{"type": "Suspended", "status": "True"}]}
    resumed = {"conditions": [{"type": "Suspended", "status": "False"}], "startTime": stamp(7)}
    told = [
        parse_job(a_child(5, spec={"suspend": True})).suspended,
        parse_job(a_child(5, spec={"suspend": True}, status=held)).suspended,
        parse_job(a_child(5, spec={"suspend": False}, status=held)).suspended,
        parse_job(a_child(5, spec={"suspend": False}, status=resumed)).suspended,
    ]
    assert told == [True, True, True, False]
    assert parse_job(a_child(5, spec={"suspend": False}, status=resumed)).active_since == at(7)


def test_a_job_tells_its_queue_and_who_takes_it_from_this_cluster() -> None:
    raw = a_child(5, spec={"managedBy": "kueue.x-k8s.io/multikueue"})
    raw["metadata"]["labels"]["kueue.x-k8s.io/queue-name"] = "far"
    assert (parse_job(raw).queue, parse_job(raw).managed_by) == ("far", "kueue.x-k8s.io/multikueue")
    own = parse_job(a_child(5, spec={"managedBy": "kubernetes.io/job-controller"}))
    assert (own.queue, own.managed_by) == ("", "")


def test_what_no_node_has_is_looked_for_among_the_requests_of_a_job_not_its_limits() -> None:
    resources = {"requests": {"cpu": "1", "memory": "2Gi"}, "limits": {"cpu": "16", "memory": "2Gi"}}
    job = parse_job(a_child(5, spec={"template": {"spec": {"containers": [{"resources": resources}]}}}))
    assert job.asked.requests == (("cpu", "1"), ("memory", "2Gi"))


def test_a_pod_is_read_with_its_trainers_container_only() -> None:
    ended = {"exitCode": 3, "startedAt": stamp(1), "finishedAt": stamp(2), "message": "bad"}
    sidecar = {"name": "proxy", "state": {"running": {"startedAt": stamp(0)}}}
    states = [sidecar, {"name": "trainer", "state": {"terminated": ended}}]
    pod = parse_pod(a_child(5, status={"phase": "Running", "containerStatuses": states}))
    assert (pod.exit_code, pod.started_at, pod.finished_at, pod.termination_message) == (3, at(1), at(2), "bad")
    assert pod.lingers


def test_a_text_takes_no_more_memory_than_a_termination_message() -> None:
    pod = parse_pod(a_child(5, status={"message": "x" * 1_400_000}))
    assert len(pod.message) == MAX_TEXT


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("metadata", "uid"), None),
        (("metadata", "labels"), {"a": 1}),
        (("metadata", "ownerReferences"), [{"uid": "x" * 1000}]),
        (("metadata", "deletionTimestamp"), "9999-12-31T23:59:59Z"),
        (("status", "conditions"), [{"type": "Failed"}]),
        (("status", "conditions"), [{}] * 1000),
    ],
    ids=["no uid", "a label that is a number", "an endless uid", "a time too late", "half a condition", "too many"],
)
def test_an_object_that_cannot_be_read_is_told_by_kind_name_and_field(path: tuple[str, str], value: Any) -> None:
    raw = a_child(5, status={})
    raw[path[0]][path[1]] = value
    with pytest.raises(UnreadableObjectError) as told:
        parse_job(raw)
    assert str(told.value).startswith(f"Job vision/{raw['metadata']['name']}: {path[0]}.{path[1]}")
    assert len(str(told.value)) < 1000


def test_a_name_that_is_none_is_told_without_control_characters() -> None:
    with pytest.raises(UnreadableObjectError) as told:
        parse_owner("Model", {"metadata": {"name": "a\n\x1b[2J", "namespace": 5}})
    assert str(told.value).startswith("Model ?/a\\n\\x1b[2J: metadata.")


def test_an_owner_keeps_nothing_of_its_metadata_that_has_no_bound() -> None:
    raw = an_object(5, spec={"dataset": "d"}, status=None)
    raw["metadata"] |= {"annotations": {"a": "x" * 1000}, "managedFields": [{}], "creationTimestamp": stamp(3)}
    key = Key("Model", "vision", "fruit")
    content = {"spec": {"dataset": "d"}, "status": {}}
    assert parse_owner("Model", raw) == StoredOwner(key, "u1", 5, 1, at(3), False, content)


ENDED: dict[str, Any] = {"phase": "Succeeded", "completedAt": stamp(9)}


@pytest.mark.parametrize(
    ("status", "over"),
    [
        (ENDED, True),
        ({**ENDED, "phase": "Paused"}, True),
        ({**ENDED, "phase": "Training"}, False),
        ({**ENDED, "completedAt": None}, False),
        ({"completedAt": stamp(9)}, False),
    ],
    ids=[
        "it succeeded",
        "it ended as only another version knows",
        "it works again",
        "no end is told",
        "no phase is told",
    ],
)
def test_what_is_over_is_kept_as_text_that_says_the_same(status: dict[str, Any], over: bool) -> None:
    spec = {"dataset": "d\u00e9"}
    owner = parse_owner("Model", an_object(5, spec=spec, status=status))
    assert (owner.over, isinstance(owner.content, bytes)) == (over, over)
    assert (owner.spec, owner.status) == (spec, status)
    assert owner.phase == status.get("phase")


@pytest.mark.parametrize(("text", "number"), [("12", 12), ("\u00b2", 0), ("-1", 0), ("9" * 5000, 0), (None, 0), (7, 0)])
def test_a_number_is_of_plain_digits(text: Any, number: int) -> None:
    assert parse_number(text) == number


def test_the_version_of_a_list_is_0_where_it_is_none() -> None:
    pages: list[Any] = [{"metadata": {"resourceVersion": "7"}}, {"metadata": None}, {}]
    assert [read_list_version(page) for page in pages] == [7, 0, 0]


def test_conditions_of_anything_are_read_or_told() -> None:
    assert read_conditions("Workload", {"status": None}) == {}
    with pytest.raises(UnreadableObjectError, match=r"Workload vision/fruit: 0\.type"):
        read_conditions("Workload", an_object(1, status={"conditions": [{"status": "True"}]}))


def test_an_identity_needs_no_more_than_a_list_of_metadata_has() -> None:
    found = read_identity("Model", an_object(5, spec="whatever"))
    assert (found.namespace, found.name, found.uid, found.resource_version) == ("vision", "fruit", "u1", 5)
