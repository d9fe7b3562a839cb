"""One reconcile after another on an API server in memory: what is written, how often, and after which accident."""

import asyncio
from typing import Any

import pytest

from darkroom_api import names
from darkroom_api.conditions import Reason
from darkroom_api.report import Outcome
from darkroom_api.v1alpha1.common import Artifacts
from darkroom_operator.api.cluster import ClusterError
from darkroom_operator.api.resources import DATASETS, JOBS, MODELS, PODS, Key, Resource
from darkroom_operator.watching import audit
from tests.builders import an_outcome, stamp
from tests.unit.operator.fake_cluster import Json
from tests.unit.operator.workbench import MODEL, Workbench


def finish_pod(bench: Workbench, outcome: Outcome, attempt: int = 1) -> None:
    """Let the attempt's pod end with a report."""
    job = bench.cluster.objects[JOBS.plural, "vision", names.child_name("fruit", "uid-fruit", attempt)]
    ended = {
        "exitCode": int(outcome.exit_code),
        "startedAt": stamp(10),
        "finishedAt": stamp(40),
        "message": outcome.to_termination_message(),
    }
    owner = {"uid": job["metadata"]["uid"], "controller": True}
    bench.cluster.add(
        PODS,
        {
            "metadata": {"name": "p", "labels": job["metadata"]["labels"], "ownerReferences": [owner]},
            "spec": {"nodeName": "node0"},
            "status": {"phase": "Failed", "containerStatuses": [{"name": "trainer", "state": {"terminated": ended}}]},
        },
    )


def test_a_pod_that_outlives_its_trainer_is_ended_within_seconds_whatever_its_grace_period(bench: Workbench) -> None:
    bench.reconcile()
    finish_pod(bench, an_outcome())
    bench.cluster.objects[PODS.plural, "vision", "p"]["status"]["phase"] = "Running"
    bench.reconcile()
    job = names.child_name("fruit", "uid-fruit", 1)
    assert bench.counted("pods", "jobs")[1:] == [("delete", "pods", "p"), ("delete", "jobs", job)]
    assert bench.cluster.grace_seconds == {("pods", "p"): 10, ("jobs", job): None}


def test_a_new_model_costs_two_writes_until_it_is_queued_with_its_job(bench: Workbench) -> None:
    bench.reconcile()
    job = names.child_name("fruit", "uid-fruit", 1)
    assert bench.cluster.writes == [("create", "jobs", job), ("patch", "models/status", "fruit")]
    assert bench.status()["phase"] == "Queued"


def test_reconciling_again_writes_nothing(bench: Workbench) -> None:
    for _ in range(4):
        bench.reconcile()
    assert len(bench.cluster.writes) == 2


def test_a_cache_that_lags_behind_our_own_writes_creates_nothing_twice(bench: Workbench) -> None:
    bench.reconcile()
    bench.reconcile(hear=False)
    assert len(bench.counted("jobs")) == 1


def test_news_of_own_writes_that_come_before_their_answers_wake_nobody(
    bench: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit, "ECHO_SECONDS", 0.01)
    create, patch = bench.cluster.create, bench.cluster.patch

    async def create_and_tell(resource: Resource, namespace: str, manifest: Json) -> Json:
        made = await create(resource, namespace, manifest)
        bench.audit.take_in(resource, "ADDED", made)
        return made

    async def patch_and_tell(
        resource: Resource, namespace: str, name: str, operations: list[Json], subresource: str | None = None
    ) -> Json:
        made = await patch(resource, namespace, name, operations, subresource)
        bench.audit.take_in(resource, "MODIFIED", made)
        return made

    bench.cluster.create, bench.cluster.patch = create_and_tell, patch_and_tell  # type: ignore[method-assign]
    bench.hear()

    async def reconcile() -> None:
        await bench.reconciler.reconcile(MODEL)
        await asyncio.sleep(0.05)

    asyncio.run(reconcile())
    assert bench.triggered == set()


def test_a_crash_between_job_and_status_ends_in_the_same_state(bench: Workbench) -> None:
    undisturbed = Workbench()
    undisturbed.cluster.objects = {key: dict(item) for key, item in bench.cluster.objects.items()}
    undisturbed.reconcile()
    bench.cluster.failures = []
    original = bench.cluster.patch

    async def crash(*_: Any, **__: Any) -> Json:
        raise KeyboardInterrupt

    bench.cluster.patch = crash  # type: ignore[method-assign]
    with pytest.raises(KeyboardInterrupt):
        bench.reconcile()
    bench.cluster.patch = original  # type: ignore[method-assign]
    bench.start()
    bench.reconcile()
    assert bench.counted("jobs") == undisturbed.counted("jobs")
    for field in ("phase", "reason", "message", "attempts", "budget"):
        assert bench.status()[field] == undisturbed.status()[field]


def test_a_restart_with_finished_models_writes_nothing(bench: Workbench) -> None:
    bench.reconcile()
    finish_pod(bench, an_outcome())
    bench.reconcile()
    assert bench.status()["phase"] == "Succeeded"
    written = len(bench.cluster.writes)
    bench.start()
    bench.reconcile()
    assert len(bench.cluster.writes) == written


def test_an_end_stays_when_the_job_and_its_pod_are_deleted(bench: Workbench) -> None:
    bench.reconcile()
    finish_pod(bench, an_outcome())
    bench.reconcile()
    bench.cluster.objects = {key: item for key, item in bench.cluster.objects.items() if key[0] not in ("jobs", "pods")}
    written = len(bench.cluster.writes)
    bench.reconcile()
    assert bench.status()["phase"] == "Succeeded"
    assert len(bench.cluster.writes) == written


def test_a_report_of_a_pod_that_is_gone_before_the_reconcile_is_not_lost(bench: Workbench) -> None:
    bench.reconcile()
    finish_pod(bench, an_outcome())
    bench.hear()
    bench.cluster.objects = {key: item for key, item in bench.cluster.objects.items() if key[0] not in ("jobs", "pods")}
    bench.reconcile()
    assert bench.status()["phase"] == "Succeeded"


def test_a_job_of_ours_that_exists_is_adopted(bench: Workbench) -> None:
    bench.reconcile()
    bench.cluster.objects["models", "vision", "fruit"].pop("status")
    bench.start()
    bench.store.put(MODELS, bench.cluster.objects["models", "vision", "fruit"])
    bench.store.put(DATASETS, bench.cluster.objects["datasets", "vision", "fruit"])
    bench.reconcile(hear=False)
    assert bench.status()["reason"] == "Scheduling"


def test_a_job_of_somebody_else_is_named_and_left_alone(bench: Workbench) -> None:
    job = names.child_name("fruit", "uid-fruit", 1)
    bench.cluster.add(JOBS, {"metadata": {"name": job, "ownerReferences": [{"uid": "other", "controller": True}]}})
    before = dict(bench.cluster.objects["jobs", "vision", job])
    assert bench.reconcile() == 30
    assert (bench.status()["phase"], bench.status()["reason"]) == ("Queued", "NameConflict")
    assert bench.status()["attempts"] == []
    assert bench.cluster.objects["jobs", "vision", job] == before


REFUSALS = {
    "a quota": (403, "exceeded quota: team", "WaitingForQuota"),
    "an admission rule": (403, "denied by policy", "InvalidConfiguration"),
    "a value that the API server refuses": (422, "spec.template: invalid", "InvalidConfiguration"),
}


@pytest.mark.parametrize(("code", "message", "reason"), REFUSALS.values(), ids=REFUSALS.keys())
def test_a_job_that_is_refused_says_why_and_is_tried_again(
    bench: Workbench, code: int, message: str, reason: str
) -> None:
    bench.cluster.failures = [ClusterError(code, "x", message)]
    assert bench.reconcile() == 30
    assert bench.status()["reason"] == reason
    assert message in bench.status()["message"]
    bench.reconcile()
    assert bench.status()["reason"] == "Scheduling"


@pytest.mark.parametrize("code", [0, 429, 500, 503])
def test_an_api_server_in_trouble_is_an_error_to_come_back_from(bench: Workbench, code: int) -> None:
    bench.cluster.failures = [ClusterError(code, "x", "later")]
    with pytest.raises(ClusterError):
        bench.reconcile()
    bench.reconcile()
    assert bench.status()["phase"] == "Queued"


def test_a_status_that_somebody_changed_meanwhile_is_not_overwritten(bench: Workbench) -> None:
    bench.hear()
    bench.cluster.objects["models", "vision", "fruit"]["metadata"]["resourceVersion"] = "999"
    assert bench.reconcile(hear=False) == 1.0
    assert "status" not in bench.cluster.objects["models", "vision", "fruit"]
    bench.reconcile()
    assert bench.status()["phase"] == "Queued"


def test_a_model_that_is_deleted_meanwhile_is_no_error(bench: Workbench) -> None:
    bench.hear()
    del bench.cluster.objects["models", "vision", "fruit"]
    assert bench.reconcile(hear=False) == 1.0
    assert bench.reconcile() is None


def test_a_dataset_that_becomes_ready_wakes_the_models_that_wait_for_it(bench: Workbench) -> None:
    dataset = bench.cluster.objects["datasets", "vision", "fruit"]
    dataset.pop("status")
    dataset["metadata"]["uid"] = "uid-dataset"
    bench.reconcile(Key("Dataset", "vision", "fruit"))
    assert MODEL in bench.triggered


def test_a_change_of_words_alone_waits(bench: Workbench) -> None:
    bench.reconcile()
    stored = bench.cluster.objects["models", "vision", "fruit"]
    stored["status"]["message"] = "other words"
    stored["metadata"]["resourceVersion"] = "500"
    pause = bench.reconcile()
    assert pause is not None
    assert 0 < pause <= 10
    assert bench.status()["message"] == "other words"


def test_a_failure_is_told_once_as_an_event(bench: Workbench) -> None:
    bench.reconcile()
    finish_pod(bench, an_outcome(Reason.TRAINING_DIVERGED, "loss is NaN"))
    bench.reconcile()
    (event,) = [item for (kind, _, _), item in bench.cluster.objects.items() if kind == "events"]
    assert (event["type"], event["reason"], event["note"]) == ("Warning", "TrainingDiverged", "loss is NaN")
    assert event["regarding"]["name"] == "fruit"


def test_a_spec_that_the_contract_refuses_is_told_with_its_field(bench: Workbench) -> None:
    bench.cluster.objects["models", "vision", "fruit"]["spec"]["task"] = "painter"
    assert bench.reconcile() == 30
    assert (bench.status()["phase"], bench.status()["reason"]) == ("Queued", "InvalidConfiguration")
    assert bench.status()["message"].startswith("task: ")
    written = len(bench.cluster.writes)
    bench.reconcile()
    assert len(bench.cluster.writes) == written


def test_a_spec_that_is_mended_is_gone_on_with(bench: Workbench) -> None:
    spec = bench.cluster.objects["models", "vision", "fruit"]["spec"]
    right, spec["task"] = spec["task"], "painter"
    bench.reconcile()
    spec["task"] = right
    bench.cluster.objects["models", "vision", "fruit"]["metadata"]["resourceVersion"] = "900"
    bench.reconcile()
    assert bench.status()["reason"] == "Scheduling"


def test_a_dataset_that_cannot_be_read_is_told_at_itself_and_at_its_model(bench: Workbench) -> None:
    stored = bench.cluster.objects["datasets", "vision", "fruit"]
    stored.pop("status")
    stored["spec"]["annotationFiles"] = "s3://not/a/list.json"
    stored["metadata"]["uid"] = "uid-dataset"
    dataset = Key("Dataset", "vision", "fruit")
    bench.reconcile(dataset)
    bench.reconcile()
    assert (bench.status(dataset)["phase"], bench.status(dataset)["reason"]) == ("Pending", "InvalidConfiguration")
    assert bench.status(dataset)["message"].startswith("annotationFiles: ")
    assert bench.status()["message"].startswith("dataset: Dataset `fruit` cannot be read: annotationFiles: ")


def test_a_finished_model_whose_spec_cannot_be_read_any_more_stays_finished(bench: Workbench) -> None:
    bench.reconcile()
    finish_pod(bench, an_outcome())
    bench.reconcile()
    stored = bench.cluster.objects["models", "vision", "fruit"]
    stored["spec"]["task"] = "painter"
    stored["metadata"]["resourceVersion"] = "900"
    bench.reconcile()
    assert bench.status()["phase"] == "Succeeded"


def test_a_job_of_somebody_else_that_is_deleted_makes_room(bench: Workbench) -> None:
    job = names.child_name("fruit", "uid-fruit", 1)
    bench.cluster.add(JOBS, {"metadata": {"name": job, "ownerReferences": [{"uid": "other", "controller": True}]}})
    bench.reconcile()
    assert bench.status()["reason"] == "NameConflict"
    del bench.cluster.objects["jobs", "vision", job]
    bench.reconcile()
    assert bench.status()["reason"] == "Scheduling"
    assert bench.cluster.objects["jobs", "vision", job]["metadata"]["ownerReferences"][0]["uid"] == "uid-fruit"


GONE = {
    "is being deleted": (
        403, 'jobs.batch "j" is forbidden: unable to create in namespace vision because it is being terminated',
    ),
    "is gone": (404, 'namespaces "vision" not found'),
}  # fmt: skip


@pytest.mark.parametrize(("code", "message"), GONE.values(), ids=GONE.keys())
def test_in_a_namespace_that_goes_nothing_is_told(bench: Workbench, code: int, message: str) -> None:
    bench.cluster.failures = [ClusterError(code, "x", message)]
    assert bench.reconcile() == 30
    assert [write for write in bench.cluster.writes if write[1] != "jobs"] == []


def test_a_status_that_the_schema_refuses_is_not_tried_again_at_once(
    bench: Workbench, caplog: pytest.LogCaptureFixture
) -> None:
    bench.reconcile()
    finish_pod(bench, an_outcome())
    bench.cluster.failures = [ClusterError(422, "Invalid", "Model is invalid: status.allocation: unknown")]
    assert bench.reconcile() == 300
    assert "status.allocation" in caplog.text
    bench.reconcile()
    assert bench.status()["phase"] == "Succeeded"


def forge_children(bench: Workbench, namespace: str) -> None:
    """Let somebody make a Job and a pod that claim to be the Model's, with a report of their own."""
    job = names.child_name("fruit", "uid-fruit", 1)
    labels = {names.LABEL_UID: "uid-fruit", names.LABEL_ATTEMPT: "1", names.LABEL_KIND: "Model"}
    owner = {"apiVersion": names.API_VERSION, "kind": "Model", "name": "fruit", "uid": "uid-fruit", "controller": True}
    metadata = {"name": job, "namespace": namespace, "uid": "forged-job", "labels": labels, "ownerReferences": [owner]}
    bench.cluster.add(JOBS, {"metadata": metadata})
    forged = an_outcome(artifacts=Artifacts(uri="s3://attacker/model"))
    ended = {"exitCode": 0, "startedAt": stamp(10), "finishedAt": stamp(40), "message": forged.to_termination_message()}
    controller = {"apiVersion": "batch/v1", "kind": "Job", "name": job, "uid": "forged-job", "controller": True}
    pod = {"name": "forged", "namespace": namespace, "uid": "forged-pod", "labels": labels}
    bench.cluster.add(
        PODS,
        {
            "metadata": {**pod, "ownerReferences": [controller]},
            "spec": {"nodeName": "node0"},
            "status": {"phase": "Failed", "containerStatuses": [{"name": "trainer", "state": {"terminated": ended}}]},
        },
    )


@pytest.mark.parametrize("first", [True, False], ids=["before its own Job", "after its own Job"])
def test_what_another_namespace_claims_to_have_trained_is_not_believed(bench: Workbench, first: bool) -> None:
    if not first:
        bench.reconcile()
    forge_children(bench, "elsewhere")
    for _ in range(3):
        bench.reconcile()
    assert (bench.status()["phase"], bench.status().get("artifacts")) == ("Queued", None)
    assert [verb for verb, _, _ in bench.counted("jobs")] == ["create"], "it is not ours to delete"


def test_a_job_that_somebody_made_in_place_of_ours_is_deleted_and_its_report_is_not_believed(bench: Workbench) -> None:
    forge_children(bench, "vision")
    bench.reconcile()
    assert bench.status().get("artifacts") is None
    assert [verb for verb, _, _ in bench.counted("jobs")] == ["delete"]
    for _ in range(2):
        bench.reconcile()
    assert bench.status()["phase"] == "Queued"
    assert "s3://attacker" not in str(bench.status())


@pytest.mark.parametrize("finalizers", [["somebody/s"]])
def test_a_deleted_model_that_somebodys_finalizer_keeps_stops_its_jobs_and_writes_no_status(
    bench: Workbench, finalizers: list[str]
) -> None:
    bench.reconcile()
    model = bench.cluster.objects[MODELS.plural, "vision", "fruit"]
    model["metadata"] |= {"deletionTimestamp": stamp(5), "finalizers": finalizers, "resourceVersion": "900"}
    written = len(bench.counted("models/status"))
    for _ in range(2):
        bench.reconcile()
    assert [verb for verb, _, _ in bench.counted("jobs")] == ["create", "delete"]
    assert len(bench.counted("models/status")) == written


def test_the_status_of_another_version_stays_as_it_is_for_as_long_as_nothing_changes(bench: Workbench) -> None:
    model = bench.cluster.objects[MODELS.plural, "vision", "fruit"]
    model["status"] = {"observedGeneration": 1, "phase": "Archived", "completedAt": stamp(9), "shelf": {"place": 3}}
    bench.reconcile()
    assert bench.cluster.writes == []


def test_no_job_is_made_where_the_network_policy_cannot_be_kept(bench: Workbench) -> None:
    bench.configure(trainerPolicy={"enabled": True, "egress": []})
    bench.cluster.failures = [ClusterError(403, "Forbidden", "networkpolicies is forbidden")]
    assert bench.reconcile() == 30
    assert (bench.status()["phase"], bench.status()["reason"]) == ("Queued", "InvalidConfiguration")
    assert "networkPolicy.trainers: the operator cannot keep its NetworkPolicy" in bench.status()["message"]
    assert bench.counted("jobs") == []
    bench.reconcile()
    assert bench.status()["reason"] == "Scheduling"
    written = [resource for _, resource, _ in bench.counted("networkpolicies", "jobs")]
    assert written == ["networkpolicies", "networkpolicies", "jobs"]
