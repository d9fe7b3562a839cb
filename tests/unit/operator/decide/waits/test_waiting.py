"""What is made of the words of admission, the scheduler and the kubelet: a reason, and the field to mend."""

from typing import Any

import pytest

from darkroom_api.conditions import Reason
from darkroom_operator.decide.waits.waiting import (
    Gathering,
    describe_gathering,
    describe_waiting,
    explain_refusal,
    explain_unschedulable,
)
from darkroom_operator.facts.children import Asked
from darkroom_operator.facts.findings import Complaint, Findings
from tests.builders import a_job, a_pod, a_running_pod, at

QUEUED_TWICE = (("credentials-dataset", "darkroom-b"), ("credentials-output", "darkroom-b"))
MODEL = Asked(
    kind="Model",
    requests=(("cpu", "2"), ("memory", "8Gi"), ("nvidia.com/gpu", "64")),
    node_selector=(("gpu", "h200"),),
    secrets=QUEUED_TWICE,
    claims=(("weights", "weights"),),
)

REFUSALS = {
    "a quota": (
        'Error creating: pods "fruit-1-x" is forbidden: exceeded quota: team, requested: pods=1, used: pods=9',
        Reason.WAITING_FOR_QUOTA, "Namespace `vision` has no quota left for the run (exceeded quota: team, requested",
    ),
    "a PriorityClass that is missing": (
        'Error creating: pods "fruit-1-x" is forbidden: no PriorityClass with name urgent was found',
        Reason.INVALID_CONFIGURATION, "priorityClassName: PriorityClass `urgent` does not exist",
    ),
    "a ServiceAccount that is missing": (
        'pods "f" is forbidden: error looking up service account vision/reader: serviceaccount "reader" not found',
        Reason.INVALID_CONFIGURATION, "serviceAccountName: ServiceAccount `reader` does not exist in namespace",
    ),
    "a LimitRange": (
        'pods "f" is forbidden: maximum memory usage per Container is 1Gi, but limit is 8Gi',
        Reason.INVALID_CONFIGURATION, "compute.class: namespace `vision` does not allow a pod of this size (maximum",
    ),
    "a Pod Security level": (
        'pods "f" is forbidden: violates PodSecurity "restricted:latest": seccompProfile',
        Reason.INVALID_CONFIGURATION, "Namespace `vision` rejects the run's pod by its Pod Security level",
    ),
    "a policy on labels": (
        "pods \"f\" is forbidden: ValidatingAdmissionPolicy 'billing' with binding 'all' denied request: the label "
        "team is missing",
        Reason.INVALID_CONFIGURATION, "denied request: the label team is missing; `trainer.podLabels` and `computeCla",
    ),
    "a policy on annotations": (
        'admission webhook "notes.example" denied the request: annotation owner must be set',
        Reason.INVALID_CONFIGURATION, "annotation owner must be set; `trainer.podAnnotations` and `computeClasses",
    ),
    "user ids of each namespace": (
        'pods "f" is forbidden: unable to validate against any security context constraint: provider restricted-v2: '
        ".spec.securityContext.fsGroup: Invalid value: [10001]: 10001 is not an allowed group",
        Reason.INVALID_CONFIGURATION, "; with `trainer.runAsUser: null` in the installation's values the platform",
    ),
    "a RuntimeClass that is missing": (
        'pods "f" is forbidden: pod rejected: RuntimeClass "gvisor" not found',
        Reason.INVALID_CONFIGURATION, "runtimeClassName: RuntimeClass `gvisor` does not exist; create it, and the run",
    ),
    "a policy of the cluster": (
        'admission webhook "policy.example" denied the request: no team label',
        Reason.INVALID_CONFIGURATION, 'The API server rejects the run: admission webhook "policy.example" denied',
    ),
}  # fmt: skip


@pytest.mark.parametrize(("words", "reason", "message"), REFUSALS.values(), ids=REFUSALS.keys())
def test_a_refusal_of_admission_names_what_to_mend(words: str, reason: Reason, message: str) -> None:
    problem = explain_refusal(words, MODEL, "vision")
    assert problem.reason is reason
    assert message in problem.message


def test_a_refusal_says_the_same_for_each_pod_that_the_job_controller_tries() -> None:
    told = {explain_refusal(f'pods "fruit-1-{end}" is forbidden: no', MODEL, "vision") for end in ("abcde", "fghij")}
    assert len(told) == 1


UNSCHEDULABLE = {
    "devices that no node has": (
        "0/3 nodes are available: 3 Insufficient nvidia.com/gpu. preemption: 0/3 nodes are available",
        Reason.UNSCHEDULABLE, "compute.devices: no node has 64 free `nvidia.com/gpu` now (the scheduler: 0/3 nodes",
    ),
    "a pod that is too large": (
        "0/3 nodes are available: 1 Insufficient cpu, 2 Insufficient memory.",
        Reason.UNSCHEDULABLE, "compute.class: no node has 2 of cpu and 8Gi of memory free",
    ),
    "labels that no node has": (
        "0/3 nodes are available: 3 node(s) didn't match Pod's node affinity/selector.",
        Reason.UNSCHEDULABLE, "compute.class: not every node has the labels gpu=h200",
    ),
    "taints": (
        "0/1 nodes are available: 1 node(s) had untolerated taint {spot: true}.",
        Reason.UNSCHEDULABLE, "compute.class: some nodes have taints that the class does not tolerate",
    ),
    "a claim that is missing": (
        '0/1 nodes are available: persistentvolumeclaim "weights" not found.',
        Reason.INVALID_CONFIGURATION, "trainer.weightsClaim: PersistentVolumeClaim `weights` does not exist",
    ),
    "a claim without a volume": (
        "0/1 nodes are available: pod has unbound immediate PersistentVolumeClaims.",
        Reason.UNSCHEDULABLE, "trainer.weightsClaim: PersistentVolumeClaim `weights` is not bound",
    ),
    "anything else": ("no nodes available", Reason.UNSCHEDULABLE, "No node can take the pod now (the scheduler: no"),
}  # fmt: skip


@pytest.mark.parametrize(("words", "reason", "message"), UNSCHEDULABLE.values(), ids=UNSCHEDULABLE.keys())
def test_the_scheduler_is_quoted_with_the_field_that_asks_too_much(words: str, reason: Reason, message: str) -> None:
    problem = explain_unschedulable(words, MODEL, "vision")
    assert problem.reason is reason
    assert message in problem.message


NOT_MOUNTED = 'MountVolume.SetUp failed for volume "credentials-dataset" : secret "darkroom-b" not found'
NO_KEY = (
    'MountVolume.SetUp failed for volume "credentials-dataset" : '
    "references non-existent secret key: AWS_SECRET_ACCESS_KEY"
)

KUBELET: dict[str, tuple[Any, str, str, Reason, str]] = {
    "a Secret of a Model's Dataset": (
        MODEL, "FailedMount", NOT_MOUNTED, Reason.INVALID_CONFIGURATION,
        "dataset: storage.credentialsSecret: Secret `darkroom-b` does not exist in namespace `vision`; create it",
    ),
    "a Secret of a Model's output": (
        Asked(kind="Model", secrets=(("credentials-output", "darkroom-b"),)), "FailedMount", NOT_MOUNTED,
        Reason.INVALID_CONFIGURATION, "output.storage.credentialsSecret: Secret `darkroom-b`",
    ),
    "a Secret of an evaluation Dataset": (
        Asked(kind="Model", secrets=(("credentials-evaluation", "darkroom-b"),)), "FailedMount", NOT_MOUNTED,
        Reason.INVALID_CONFIGURATION, "evaluationDataset: storage.credentialsSecret: Secret `darkroom-b`",
    ),
    "a Secret of the images of a Prediction": (
        Asked(kind="Prediction", secrets=(("credentials-images", "darkroom-b"),)), "FailedMount", NOT_MOUNTED,
        Reason.INVALID_CONFIGURATION, "images.storage.credentialsSecret: Secret `darkroom-b`",
    ),
    "a Secret of the bucket with weights": (
        Asked(kind="Model", secrets=(("credentials-weights", "darkroom-b"),)), "FailedMount", NOT_MOUNTED,
        Reason.INVALID_CONFIGURATION, "trainer.weights.storage.credentialsSecret of the installation: Secret `darkroom",
    ),
    "a Secret of an inspected Dataset": (
        Asked(kind="Dataset", secrets=QUEUED_TWICE), "FailedMount", NOT_MOUNTED,
        Reason.INVALID_CONFIGURATION, "storage.credentialsSecret: Secret `darkroom-b`",
    ),
    "a key of a Secret of a Model's Dataset": (
        MODEL, "FailedMount", NO_KEY, Reason.INVALID_CONFIGURATION,
        "dataset: storage.credentialsSecret: Secret `darkroom-b` in namespace `vision` has no key AWS_SECRET",
    ),
    "a key of a Secret that an inspection's output has too": (
        Asked(kind="Dataset", secrets=QUEUED_TWICE), "FailedMount", NO_KEY.replace("dataset", "output"),
        Reason.INVALID_CONFIGURATION, "storage.credentialsSecret: Secret `darkroom-b` in namespace `vision` has no key",
    ),
    "a network that cannot be set up": (
        MODEL, "FailedCreatePodSandBox", "plugin bridge: no address left", Reason.STARTING,
        "Node `node0` cannot start pod `fruit-1-abcde` yet (FailedCreatePodSandBox): plugin bridge: no address left",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("asked", "event", "words", "reason", "message"), KUBELET.values(), ids=KUBELET.keys())
def test_what_the_kubelet_lacks_is_named(asked: Asked, event: str, words: str, reason: Reason, message: str) -> None:
    found = Findings(Complaint("pod-1", event, words))
    problem = describe_waiting(a_job(asked=asked), a_pod(), found)
    assert problem.reason is reason
    assert message in problem.message


OVER = {
    "the Job's complaint, once it has a pod": ("job-1", a_pod()),
    "the pod's complaint, once its sandbox is there": ("pod-1", a_pod(sandbox_ready=True)),
    "the pod's complaint, while its image cannot be fetched": ("pod-1", a_pod(waiting_reason="ErrImagePull")),
    "another pod's complaint": ("pod-0", a_pod()),
    "the pod's complaint, once it works": ("pod-1", a_running_pod()),
}


@pytest.mark.parametrize(("about", "pod"), OVER.values(), ids=OVER.keys())
def test_a_complaint_ends_with_its_cause(about: str, pod: Any) -> None:
    found = Findings(Complaint(about, "FailedMount", NOT_MOUNTED))
    assert describe_waiting(a_job(asked=MODEL), pod, found) == describe_waiting(a_job(asked=MODEL), pod)


def test_a_job_whose_pod_is_refused_says_why() -> None:
    found = Findings(Complaint("job-1", "FailedCreate", 'pods "f" is forbidden: exceeded quota: team'))
    assert describe_waiting(a_job(asked=MODEL), None, found).reason is Reason.WAITING_FOR_QUOTA


SILENT = {
    "a Job without a pod": (None, "has no pod yet and no Event explains why; check that kube-controller-manager"),
    "a pod without a node": (a_pod(scheduled=False, node=None), "The scheduler has not considered pod `fruit-1-abcde`"),
}


@pytest.mark.parametrize(("pod", "words"), SILENT.values(), ids=SILENT.keys())
def test_a_cluster_that_does_nothing_is_said_to(pod: Any, words: str) -> None:
    problem = describe_waiting(a_job(asked=MODEL), pod, Findings(silent=True))
    assert problem.reason is Reason.SCHEDULING
    assert words in problem.message
    assert words not in describe_waiting(a_job(asked=MODEL), pod).message


def test_a_scheduler_of_a_class_that_does_nothing_is_named() -> None:
    job, silent = a_job(asked=Asked(kind="Model", scheduler="volcano")), Findings(silent=True)
    message = describe_waiting(job, a_pod(scheduled=False, node=None), silent).message
    assert message.startswith("compute.class: scheduler `volcano` has not considered pod `fruit-1-abcde` yet")
    assert "`computeClasses.<class>.schedulerName`" in message


def test_a_pod_that_is_preempted_before_it_starts_says_so() -> None:
    pod = a_pod(deleted_at=at(60), disruption="PreemptionByScheduler: for another pod")
    problem = describe_waiting(a_job(asked=MODEL), pod)
    assert "is being terminated before its start: PreemptionByScheduler: for another pod" in problem.message


def test_a_job_that_is_replaced_says_so() -> None:
    assert "is being deleted" in describe_waiting(a_job(deleting=True), None).message


WORKS = a_running_pod(uid="worker-1", index=1)
HOMELESS = a_pod(uid="worker-2", index=2, scheduled=False, node=None, unschedulable="0/3 nodes: Insufficient cpu.")
PULLS = a_pod(uid="worker-1", index=1, sandbox_ready=True)
QUOTA = Complaint("job-1", "FailedCreate", 'pods "f-2" is forbidden: exceeded quota: team, requested: pods=1')


def a_gathering(joined: int | None, asked: int, least: int, workers: Any, **changes: Any) -> Gathering:
    """Return an attempt that waits for its nodes."""
    told: dict[str, Any] = {"begun": False, "leading": a_running_pod(started=30), **changes}
    return Gathering(joined=joined, asked=asked, least=least, workers=workers, **told)


GATHERINGS: dict[str, tuple[Gathering, Findings, str]] = {
    "all are needed": (
        a_gathering(2, 4, 4, ()), Findings(),
        "2 of 4 nodes have joined; the training begins with all of them, and nothing is charged before.",
    ),
    "fewer are enough": (
        a_gathering(1, 4, 3, ()), Findings(),
        "1 of 4 nodes has joined; the training begins with at least 3, and nothing is charged before.",
    ),
    "one has no place": (
        a_gathering(2, 3, 3, (WORKS, HOMELESS)), Findings(),
        "2 of 3 nodes have joined; the training begins with all of them, and nothing is charged before. Index 2: "
        "compute.class: no node has 2 of cpu free (the scheduler: 0/3 nodes: Insufficient cpu.)",
    ),
    "one fetches its image, another has no place": (
        a_gathering(1, 3, 3, (PULLS, HOMELESS)), Findings(),
        "1 of 3 nodes has joined; the training begins with all of them, and nothing is charged before. Index 2: "
        "compute.class: no node has 2 of cpu free (the scheduler: 0/3 nodes: Insufficient cpu.)",
    ),
    "one fetches its image": (
        a_gathering(1, 2, 2, (PULLS,)), Findings(),
        "1 of 2 nodes has joined; the training begins with all of them, and nothing is charged before. Index 1: "
        "Node `node0` is fetching the trainer image.",
    ),
    "one cannot be made": (
        a_gathering(2, 3, 3, (WORKS,)), Findings(QUOTA),
        "2 of 3 nodes have joined; the training begins with all of them, and nothing is charged before. Namespace "
        "`vision` has no quota left for the run (exceeded quota: team, requested: pods=1); free quota, or ask an "
        "administrator to raise it.",
    ),
    "they cannot meet": (
        a_gathering(1, 3, 3, (WORKS,)), Findings(refused_node_object="compute.nodes: no Service."),
        "1 of 3 nodes has joined; the training begins with all of them, and nothing is charged before. compute.nodes: "
        "no Service.",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("gathering", "found", "message"), GATHERINGS.values(), ids=GATHERINGS.keys())
def test_a_run_on_several_nodes_waits_because(gathering: Gathering, found: Findings, message: str) -> None:
    wait = describe_gathering(gathering, a_job(asked=MODEL, indexed=True), at(60), found)
    assert wait is not None
    assert (wait.reason, wait.message) == (Reason.WAITING_FOR_NODES, message)


BEGUN = {
    "as it says": a_gathering(2, 2, 2, (), begun=True),
    "though fewer are left by now": a_gathering(1, 4, 3, (), begun=True),
    "as nobody can ask it, and its time to wait is over": a_gathering(
        None, 2, 2, (), leading=a_running_pod(started=-240)
    ),
}


@pytest.mark.parametrize("gathering", BEGUN.values(), ids=BEGUN.keys())
def test_a_run_on_several_nodes_has_begun(gathering: Gathering) -> None:
    assert describe_gathering(gathering, a_job(indexed=True), at(60)) is None


def test_a_missing_certificate_is_the_operators_to_make_again() -> None:
    asked = Asked(kind="Model", secrets=(("nodes", "fruit-nodes"),))
    found = Findings(Complaint("pod-1", "FailedMount", 'secret "fruit-nodes" not found'))
    wait = describe_waiting(a_job(asked=asked), a_pod(), found)
    assert wait.reason is Reason.STARTING
    assert "the operator creates it again" in wait.message
