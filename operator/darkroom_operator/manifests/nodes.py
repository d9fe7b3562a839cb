"""What the pods of a run on several nodes need beside their Job: a Service to be found by, a Secret to be trusted by.

The Service goes with its Job; the Secret stays for as long as the resource, for all of its attempts. Must not do: any
I/O, make a key.
"""

import base64

from darkroom_api import names
from darkroom_operator.api.certificates import KeyPair
from darkroom_operator.api.resources import JOBS, SECRETS, SERVICES, Json, Key
from darkroom_operator.facts.children import ObservedJob


def build_service(job: ObservedJob) -> Json:
    """Return the headless Service that gives each pod of a Job its name; it has them before they are ready."""
    assert job.owner is not None
    selector = {names.LABEL_UID: job.owner_uid, names.LABEL_ATTEMPT: str(job.attempt)}
    owner = {"apiVersion": JOBS.api_version, "kind": JOBS.kind, "name": job.name, "uid": job.uid}
    return {
        "apiVersion": SERVICES.api_version,
        "kind": SERVICES.kind,
        "metadata": {
            "name": names.nodes_service(job.owner_uid, job.attempt),
            "namespace": job.namespace,
            "labels": {**_build_labels(job.owner, job.owner_uid), names.LABEL_ATTEMPT: str(job.attempt)},
            "ownerReferences": [{**owner, "controller": True, "blockOwnerDeletion": False}],
        },
        "spec": {
            "clusterIP": "None",
            "publishNotReadyAddresses": True,
            "selector": selector,
            "ports": [{"name": "nodes", "port": names.NODES_PORT, "protocol": "TCP"}],
        },
    }


def build_secret(owner: Key, uid: str, pair: KeyPair) -> Json:
    """Return the Secret with the certificate by which the pods of a resource know each other."""
    reference = {"apiVersion": names.API_VERSION, "kind": owner.kind, "name": owner.name, "uid": uid}
    files = {names.NODES_CERTIFICATE: pair.certificate, names.NODES_KEY: pair.key}
    return {
        "apiVersion": SECRETS.api_version,
        "kind": SECRETS.kind,
        "type": "kubernetes.io/tls",
        "immutable": True,
        "metadata": {
            "name": names.nodes_secret(owner.name, uid),
            "namespace": owner.namespace,
            "labels": _build_labels(owner, uid),
            "ownerReferences": [{**reference, "controller": True, "blockOwnerDeletion": False}],
        },
        "data": {key: base64.b64encode(content).decode() for key, content in files.items()},
    }


def _build_labels(owner: Key, uid: str) -> dict[str, str]:
    return {
        names.LABEL_MANAGED_BY: names.MANAGED_BY,
        names.LABEL_KIND: owner.kind,
        names.LABEL_NAME: names.label_value(owner.name),
        names.LABEL_UID: uid,
    }
