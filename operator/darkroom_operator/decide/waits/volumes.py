"""Why a pod waits for a claim that it mounts, by the words of the scheduler, the attach controller and the kubelet.

Owns what these words mean for the fields that name claims, and what to do. The operator has no right to read claims:
nothing else is known of one. Must not decide whether anybody is asked.
"""

import re
from typing import Final

from darkroom_api import names
from darkroom_api.blockers import Blocker
from darkroom_api.conditions import Reason
from darkroom_operator.facts.children import Asked
from darkroom_operator.facts.findings import Complaint

STORAGE_FIELDS: Final = {
    ("Dataset", "dataset"): "storage.{}",
    ("Dataset", "output"): "output.storage.{} of the installation",
    ("Model", "dataset"): "dataset: storage.{}",
    ("Model", "evaluation"): "evaluationDataset: storage.{}",
    ("Model", "output"): "output.storage.{}",
    ("Model", "weights"): "trainer.weights.storage.{} of the installation",
    ("Evaluation", "dataset"): "dataset: storage.{}",
    ("Evaluation", "model"): "model: output.storage.{}",
    ("Evaluation", "output"): "model: output.storage.{}",
    ("Prediction", "dataset"): "dataset: storage.{}",
    ("Prediction", "images"): "images.storage.{}",
    ("Prediction", "model"): "model: output.storage.{}",
    ("Prediction", "output"): "model: output.storage.{}",
}
"""Where a Secret or a claim is named, by the owner's kind and the role that it is mounted for."""
_MISSING: Final = re.compile(r'persistentvolumeclaim "([^"]+)" not found', re.IGNORECASE)
_NAMED: Final = re.compile(r'persistentvolumeclaim "([^"]+)"', re.IGNORECASE)
_ABOUT: Final = re.compile(r'for volume "([^"]+)"')
_UNMOUNTED: Final = re.compile(r"unmounted volumes=\[([^]]*)\]")
_MOUNT_FAILURES: Final = frozenset({"FailedMount", "FailedAttachVolume", "FailedMapVolume"})

_PLACING: Final = (
    (
        re.compile(r"unbound immediate PersistentVolumeClaims|find available persistent volumes to bind"),
        "is not bound to a volume; its StorageClass has to make one, or a PersistentVolume that fits has to exist",
    ),
    (
        re.compile(r"PersistentVolume's node affinity|volume node affinity conflict|no available volume zone"),
        "has its volume on other nodes than those that could take the pod; name a compute.class whose nodes reach it, "
        "or copy the data",
    ),
    (
        re.compile(r"ReadWriteOncePod"),
        "lets one pod use it at a time (ReadWriteOncePod), and another one does; the run starts when that pod has "
        "ended, and a claim with ReadOnlyMany or ReadWriteMany serves several",
    ),
    (re.compile(r"is being deleted"), "is being deleted; create it again"),
    (
        re.compile(r"bound to non-existent", re.IGNORECASE),
        "is bound to a PersistentVolume that is gone; create both again",
    ),
)
"""Words of the scheduler, and what they say of a claim."""


def name_field(kind: str, role: str, leaf: str) -> str:
    """Return the field `leaf` of the storage that a role has in a run of this kind."""
    return STORAGE_FIELDS.get((kind, role), "storage.{}").format(leaf)


def explain_missing(words: str, asked: Asked, namespace: str) -> Blocker | None:
    """Return that a claim does not exist, where the words of the scheduler or the kubelet say so."""
    missing = _MISSING.search(words)
    if missing is None:
        return None
    return Blocker(
        Reason.INVALID_CONFIGURATION,
        f"{_name_claims(asked, missing.group(1))} does not exist in namespace `{namespace}`; "
        "create it, and the run continues automatically.",
    )


def find_hints(words: str, asked: Asked) -> list[str]:
    """Return what the scheduler has against the claims of a pod."""
    named = _NAMED.search(words)
    claims = _name_claims(asked, named.group(1) if named else None)
    return [f"{claims} {meaning}" for pattern, meaning in _PLACING if claims and pattern.search(words)]


def explain_mount(complaint: Complaint, asked: Asked, node: str | None) -> Blocker | None:
    """Return why a claim is not mounted, where the complaint is about one; a pod has other volumes, too."""
    claims = _find_unmounted(complaint, asked)
    if not claims:
        return None
    if "volumeMode Block" in complaint.message:
        message = f"{claims} is a block device; create it with volumeMode Filesystem, and with the files on it."
        return Blocker(Reason.INVALID_CONFIGURATION, message)
    where = f"node `{node}`" if node else "the node"
    if "Multi-Attach" in complaint.message:
        message = (
            f"{claims} is in use on another node, and its access mode lets one node use it at a time; the pod starts "
            f"once no pod there uses it, and a claim with ReadOnlyMany or ReadWriteMany serves several ({where}: "
            f"{complaint.message})"
        )
        return Blocker(Reason.STARTING, message)
    message = (
        f"{claims} cannot be mounted on {where} yet ({complaint.reason}): {complaint.message}; see what "
        "`kubectl describe` says of it: a ReadWriteOnce volume can be used on one node at a time"
    )
    return Blocker(Reason.STARTING, message)


def _find_unmounted(complaint: Complaint, asked: Asked) -> str:
    """Return the claims that a complaint may be about, in words; empty where it is about another volume."""
    if complaint.reason not in _MOUNT_FAILURES:
        return ""
    listed = _UNMOUNTED.search(complaint.message)
    if listed is not None:
        waited = listed.group(1).replace(",", " ").split()
        return _join(asked, [(volume, claim) for volume, claim in asked.claims if volume in waited])
    about = _ABOUT.search(complaint.message)
    # A claim's volume is called by the name of its PersistentVolume, which nothing of the pod holds.
    others = (names.CREDENTIALS_VOLUME, "config", "work", "tmp", "shared-memory")
    if about is not None and about.group(1).startswith(others) and about.group(1) not in dict(asked.claims):
        return ""
    return _name_claims(asked, None)


def _name_claims(asked: Asked, claim: str | None) -> str:
    """Return the fields that name a claim (None: any of the pod's) with it."""
    return _join(asked, [(volume, name) for volume, name in asked.claims if claim in (None, name)]) or (
        f"PersistentVolumeClaim `{claim}`" if claim else ""
    )


def _join(asked: Asked, claims: list[tuple[str, str]]) -> str:
    return " or ".join(f"{_name_volume(asked.kind, volume)}: PersistentVolumeClaim `{name}`" for volume, name in claims)


def _name_volume(kind: str, volume: str) -> str:
    if volume == names.WEIGHTS_VOLUME:
        return "trainer.weightsClaim"
    return name_field(kind, volume.removeprefix(names.CLAIM_VOLUME), "volumeClaim")
