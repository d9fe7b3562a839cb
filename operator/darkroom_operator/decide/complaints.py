"""What the cluster says against a run's Job or pod, in terms of the fields that a user or an administrator can mend.

Owns the reading of the words of admission, the scheduler and the kubelet. Whether they are asked for is not decided
here.

A missing Secret is left to the kubelet rather than mounted as optional: its retries begin at 0.5 s and double up to
2 min 2 s (k8s pkg/util/goroutinemap/exponentialbackoff), so that a pod starts at the latest when it has waited as long
again as it did for the Secret. An attempt that ended for want of a Secret would need another pod, another pull and a
pause of up to 5 minutes.
"""

import re
from typing import Final

from darkroom_api.conditions import Reason
from darkroom_operator.decide.decision import Problem
from darkroom_operator.facts.children import Asked, ObservedJob, ObservedPod
from darkroom_operator.facts.findings import Complaint

_FORBIDDEN: Final = re.compile(r"^.*? is forbidden: ", re.DOTALL)
_PRIORITY: Final = re.compile(r"no PriorityClass with name (\S+) was found", re.IGNORECASE)
_ACCOUNT: Final = re.compile(r'serviceaccount "([^"]+)" not found', re.IGNORECASE)
_SECRET: Final = re.compile(r'secret "([^"]+)" not found', re.IGNORECASE)
_CLAIM: Final = re.compile(r'persistentvolumeclaim "([^"]+)" not found', re.IGNORECASE)
_BOUNDS: Final = re.compile(r"(maximum|minimum) \S+ usage per|max limit to request ratio", re.IGNORECASE)
_LACKING: Final = re.compile(r"Insufficient ([a-zA-Z0-9][-a-zA-Z0-9./]*[a-zA-Z0-9])")
_SHAPE: Final = frozenset({"cpu", "memory", "ephemeral-storage", "pods"})

_SECRET_FIELDS: Final = {
    ("Dataset", "dataset"): "storage.credentialsSecret",
    ("Dataset", "output"): "output.storage.credentialsSecret of the installation",
    ("Model", "dataset"): "dataset: storage.credentialsSecret",
    ("Model", "evaluation"): "evaluationDataset: storage.credentialsSecret",
    ("Model", "output"): "output.storage.credentialsSecret",
    ("Model", "weights"): "trainer.weights.storage.credentialsSecret of the installation",
    ("Evaluation", "dataset"): "dataset: storage.credentialsSecret",
    ("Evaluation", "model"): "model: output.storage.credentialsSecret",
    ("Evaluation", "output"): "model: output.storage.credentialsSecret",
}
"""Where a Secret is named, by the owner's kind and the role that its volume is mounted for."""


def explain_refusal(message: str, asked: Asked, namespace: str) -> Problem:
    """Return what admission has against a Job or its pod."""
    why = _FORBIDDEN.sub("", message).strip()
    priority, account = _PRIORITY.search(why), _ACCOUNT.search(why)
    if "exceeded quota" in why:
        return Problem(Reason.WAITING_FOR_QUOTA, f"Namespace `{namespace}` has no quota left for the run: {why}")
    if priority is not None:
        name = priority.group(1)
        return _invalid(f"priorityClassName: PriorityClass `{name}` does not exist; create it, and the run goes on.")
    if account is not None:
        missing = f"ServiceAccount `{account.group(1)}` does not exist in namespace `{namespace}`"
        return _invalid(f"storage.serviceAccountName: {missing}; create it, and the run goes on.")
    if _BOUNDS.search(why) or "must specify" in why:
        return _invalid(f"{_name_shape(asked)}: namespace `{namespace}` does not allow the size of the pod: {why}")
    if "violates PodSecurity" in why:
        return _invalid(f"Namespace `{namespace}` refuses the run's pod by its Pod Security level: {why}")
    return _invalid(f"The API server refuses the run: {why}")


def explain_complaint(complaint: Complaint, job: ObservedJob, pod: ObservedPod | None) -> Problem | None:
    """Return what a Warning Event means, or None where it is about something that is over."""
    if complaint.about != (pod.uid if pod is not None else job.uid):
        return None
    if pod is None:
        return explain_refusal(complaint.message, job.asked, job.namespace)
    secret = _SECRET.search(complaint.message)
    if secret is not None:
        return _miss_secret(secret.group(1), job)
    claim = _CLAIM.search(complaint.message)
    if claim is not None:
        return _miss_claim(claim.group(1), job.namespace)
    where = f"Node `{pod.node}`" if pod.node else "The cluster"
    message = f"{where} cannot start pod `{pod.name}` yet ({complaint.reason}): {complaint.message}"
    return Problem(Reason.STARTING, message)


def explain_unschedulable(words: str, asked: Asked, namespace: str) -> Problem:
    """Return what keeps the scheduler from placing a pod, and which field asks for what no node has."""
    claim = _CLAIM.search(words)
    if claim is not None:
        return _miss_claim(claim.group(1), namespace)
    lacking = _LACKING.findall(words)
    devices = [(name, count) for name, count in asked.limits if name in lacking and name not in _SHAPE]
    hints = [f"compute.devices: no node has {count} free `{name}` now" for name, count in devices]
    short = [f"{count} of {name}" for name, count in asked.limits if name in lacking and name in _SHAPE]
    if short:
        hints.append(f"{_name_shape(asked)}: no node has {' and '.join(short)} free")
    if "didn't match Pod's node affinity/selector" in words and asked.node_selector:
        labels = ", ".join(f"{key}={value}" for key, value in asked.node_selector)
        hints.append(f"{_name_shape(asked)}: not every node has the labels {labels}")
    if "untolerated taint" in words:
        hints.append(f"{_name_shape(asked)}: some nodes have taints that the class does not tolerate")
    if "unbound immediate PersistentVolumeClaims" in words:
        hints.append(f"trainer.weightsClaim: PersistentVolumeClaim `{asked.claim}` is not bound")
    told = "; ".join(hints) or "No node can take the pod now"
    return Problem(Reason.UNSCHEDULABLE, f"{told} (the scheduler: {words})")


def _miss_secret(secret: str, job: ObservedJob) -> Problem:
    roles = [volume.removeprefix("credentials-") for volume, name in job.asked.secrets if name == secret]
    # An output without a storage of its own uses the Dataset's, so that the Dataset's field is the one to look at.
    roles = [role for role in roles if role != "output" or "dataset" not in roles]
    named = dict.fromkeys(_SECRET_FIELDS.get((job.asked.kind, role), "storage.credentialsSecret") for role in roles)
    field = " and ".join(named) or "storage.credentialsSecret"
    return _invalid(
        f"{field}: Secret `{secret}` does not exist in namespace `{job.namespace}`; "
        "create it, and the pod starts by itself within 2 minutes."
    )


def _miss_claim(claim: str, namespace: str) -> Problem:
    return _invalid(
        f"trainer.weightsClaim: PersistentVolumeClaim `{claim}` does not exist in namespace `{namespace}`; "
        "create it, and the run goes on."
    )


def _name_shape(asked: Asked) -> str:
    """Return the field that decides how large a pod is."""
    return "inspection" if asked.kind == "Dataset" else "compute.class"


def _invalid(message: str) -> Problem:
    return Problem(Reason.INVALID_CONFIGURATION, message)
