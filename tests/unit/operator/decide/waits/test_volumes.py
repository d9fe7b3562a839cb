"""What the scheduler, the attach controller and the kubelet say of claims, in terms of fields and of what to do."""

from typing import Any

import pytest

from darkroom_api.conditions import Reason
from darkroom_operator.decide.waits.volumes import explain_missing, explain_mount, find_hints
from darkroom_operator.decide.waits.waiting import describe_waiting
from darkroom_operator.facts.children import Asked
from darkroom_operator.facts.findings import Complaint, Findings
from tests.builders import a_job, a_pod

DATASET = Asked(kind="Dataset", claims=(("volume-dataset", "photos"),))
TRAINING = Asked(
    kind="Model", claims=(("weights", "weights"), ("volume-dataset", "photos"), ("volume-evaluation", "june"))
)
PREDICTION = Asked(kind="Prediction", claims=(("volume-images", "inbox"),))
PHOTOS = "storage.volumeClaim: PersistentVolumeClaim `photos`"

MISSING: dict[str, tuple[Asked, str, str]] = {
    "of an inspected Dataset": (DATASET, "photos", f"{PHOTOS} does not exist in namespace `vision`; create it"),
    "of a Model's Dataset": (TRAINING, "photos", f"dataset: {PHOTOS} does not exist"),
    "of an evaluation Dataset": (
        TRAINING,
        "june",
        "evaluationDataset: storage.volumeClaim: PersistentVolumeClaim `june`",
    ),
    "of the weights": (TRAINING, "weights", "trainer.weightsClaim: PersistentVolumeClaim `weights` does not exist"),
    "of a Prediction's images": (PREDICTION, "inbox", "images.storage.volumeClaim: PersistentVolumeClaim `inbox`"),
}


@pytest.mark.parametrize(("asked", "claim", "message"), MISSING.values(), ids=MISSING.keys())
def test_a_claim_that_does_not_exist_is_told_with_its_field(asked: Asked, claim: str, message: str) -> None:
    for words in (
        f'0/2 nodes are available: persistentvolumeclaim "{claim}" not found.',
        f'PersistentVolumeClaim "{claim}" not found',
    ):
        blocker = explain_missing(words, asked, "vision")
        assert blocker is not None
        assert blocker.reason is Reason.INVALID_CONFIGURATION
        assert blocker.message.startswith(message)
        assert blocker.message.endswith("create it, and the run continues automatically.")


PLACING: dict[str, tuple[Asked, str, str]] = {
    "a claim that nothing binds": (
        DATASET, "0/1 nodes are available: pod has unbound immediate PersistentVolumeClaims.",
        f"{PHOTOS} is not bound to a volume; its StorageClass has to make one, or a PersistentVolume that fits",
    ),
    "a claim that waits for its first pod, without a volume that fits": (
        DATASET, "0/3 nodes are available: 3 node(s) didn't find available persistent volumes to bind.",
        f"{PHOTOS} is not bound to a volume",
    ),
    "a volume of another node": (
        DATASET, "0/3 nodes are available: 2 Insufficient nvidia.com/gpu, 1 node(s) had volume node affinity conflict.",
        f"{PHOTOS} has its volume on other nodes than those that could take the pod; name a compute.class whose nodes",
    ),
    "the same, in newer words": (
        DATASET, "0/1 nodes are available: 1 node(s) didn't match PersistentVolume's node affinity.",
        f"{PHOTOS} has its volume on other nodes",
    ),
    "a volume of one pod at a time": (
        DATASET, "0/1 nodes are available: 1 node(s) unavailable due to PersistentVolumeClaim with ReadWriteOncePod "
        "access mode already in-use by another pod.",
        f"{PHOTOS} lets one pod use it at a time (ReadWriteOncePod), and another one does",
    ),
    "a claim that goes": (
        TRAINING, '0/1 nodes are available: persistentvolumeclaim "june" is being deleted.',
        "evaluationDataset: storage.volumeClaim: PersistentVolumeClaim `june` is being deleted; create it again",
    ),
    "a claim whose volume is gone": (
        DATASET, '0/1 nodes are available: persistentvolumeclaim "photos" bound to non-existent persistentvolume "a".',
        f"{PHOTOS} is bound to a PersistentVolume that is gone",
    ),
    "one of several": (
        TRAINING, "0/1 nodes are available: pod has unbound immediate PersistentVolumeClaims.",
        f"trainer.weightsClaim: PersistentVolumeClaim `weights` or dataset: {PHOTOS} or evaluationDataset: storage.",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("asked", "words", "message"), PLACING.values(), ids=PLACING.keys())
def test_the_scheduler_is_quoted_with_the_claim_and_what_to_do(asked: Asked, words: str, message: str) -> None:
    (hint,) = find_hints(words, asked)
    assert hint.startswith(message)
    blocker = describe_waiting(a_job(asked=asked), a_pod(unschedulable=words, scheduled=False, node=None))
    assert blocker.reason is Reason.UNSCHEDULABLE
    assert message in blocker.message
    assert words in blocker.message


def test_a_pod_without_claims_waits_for_none() -> None:
    assert find_hints("pod has unbound immediate PersistentVolumeClaims", Asked(kind="Model")) == []


MULTI = (
    'Multi-Attach error for volume "pvc-0a1b" Volume is already exclusively attached to one node and can\'t be attached'
)
MOUNTS: dict[str, tuple[Asked, str, str, Reason, str]] = {
    "a ReadWriteOnce volume that another node holds": (
        DATASET, "FailedAttachVolume", MULTI, Reason.STARTING,
        f"{PHOTOS} is in use on another node, and its access mode lets one node use it at a time; the pod starts once",
    ),
    "a volume that cannot be mounted": (
        DATASET, "FailedMount", 'MountVolume.SetUp failed for volume "pv1" : hostPath type check failed: /a is no one',
        Reason.STARTING, f"{PHOTOS} cannot be mounted on node `node0` yet (FailedMount): MountVolume.SetUp failed",
    ),
    "one of several volumes": (
        TRAINING, "FailedMount", "Unable to attach or mount volumes: unmounted volumes=[volume-dataset], unattached "
        "volumes=[], failed to process volumes=[]: timed out waiting for the condition",
        Reason.STARTING, f"dataset: {PHOTOS} cannot be mounted on node `node0` yet",
    ),
    "a block device": (
        DATASET, "FailedMount", "failed to process volumes=[volume-dataset]: volume photos has volumeMode Block, but "
        "is specified in volumeMounts", Reason.INVALID_CONFIGURATION, f"{PHOTOS} is a block device; create it with",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("asked", "event", "words", "reason", "message"), MOUNTS.values(), ids=MOUNTS.keys())
def test_a_claim_that_is_not_mounted_is_told_with_the_cause(
    asked: Asked, event: str, words: str, reason: Reason, message: str
) -> None:
    blocker = describe_waiting(a_job(asked=asked), a_pod(), Findings(Complaint("pod-1", event, words)))
    assert blocker.reason is reason
    assert blocker.message.startswith(message)


OTHERS: dict[str, tuple[Any, str, str]] = {
    "a Secret": (DATASET, "FailedMount", 'MountVolume.SetUp failed for volume "credentials-dataset" : timed out'),
    "a volume of the pod's own": (
        TRAINING, "FailedMount", "Unable to attach or mount volumes: unmounted volumes=[work config]: timed out",
    ),
    "a network": (DATASET, "FailedCreatePodSandBox", 'no address for volume "pv1"'),
    "a pod without claims": (Asked(kind="Dataset"), "FailedMount", 'MountVolume.SetUp failed for volume "pv1"'),
}  # fmt: skip


@pytest.mark.parametrize(("asked", "event", "words"), OTHERS.values(), ids=OTHERS.keys())
def test_what_is_about_something_else_is_not_laid_to_a_claim(asked: Asked, event: str, words: str) -> None:
    assert explain_mount(Complaint("pod-1", event, words), asked, "node0") is None
