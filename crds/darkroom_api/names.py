"""Names that more than one program must agree on: group, labels, children, mount paths, ports.

Must not do: anything but build strings.
"""

import hashlib
import re
from typing import Final

GROUP: Final = "darkroom.dev"
VERSION: Final = "v1alpha1"
API_VERSION: Final = f"{GROUP}/{VERSION}"
CATEGORY: Final = "darkroom"

LABEL_MANAGED_BY: Final = "app.kubernetes.io/managed-by"
"""On every child; the operator's watches of Jobs and Pods select on it."""
MANAGED_BY: Final = "darkroom"
LABEL_KIND: Final = f"{GROUP}/kind"
LABEL_NAME: Final = f"{GROUP}/name"
"""The owner's name, shortened to a label's 63 characters: for people and selectors; the operator reads LABEL_UID."""
LABEL_UID: Final = f"{GROUP}/uid"
LABEL_ATTEMPT: Final = f"{GROUP}/attempt"
ANNOTATION_CONFIG_DIGEST: Final = f"{GROUP}/config-digest"

BUCKET_SCHEMES: Final = ("s3://", "az://")
"""What addresses begin with that are read, listed and written alike."""
VOLUME_SCHEME: Final = "volume:"
"""What addresses begin with that are files of a claim, which is only read."""
CONTAINER: Final = "trainer"
CONFIG_DIR: Final = "/etc/darkroom"
CONFIG_FILE: Final = "run.json"
CREDENTIALS_DIR: Final = "/var/run/darkroom/credentials"
"""One folder per storage role below it, each a mounted Secret with the keys of `CREDENTIAL_KEYS`."""
KEY_PAIR: Final = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
SESSION_KEY: Final = "AWS_SESSION_TOKEN"
SAS_KEY: Final = "SAS_URL"
"""URL of a container with the token that opens all of it, for what is read over https and for Azure Blob."""
AZURE_ACCOUNT: Final = "AZURE_STORAGE_ACCOUNT"
AZURE_KEY: Final = "AZURE_STORAGE_KEY"
CREDENTIAL_KEYS: Final = (*KEY_PAIR, SESSION_KEY, SAS_KEY, AZURE_ACCOUNT, AZURE_KEY)
AUTHORITIES_KEY: Final = "ca.crt"
"""Key of such a Secret with the certificates of a bucket's own authority, as PEM; it may be absent."""
SECRET_KEYS: Final = (*CREDENTIAL_KEYS, AUTHORITIES_KEY)
"""All of a Secret that a trainer sees."""
AUTHORITIES_FILE: Final = "authorities.pem"
"""In `CONFIG_DIR`: the certificate authorities of the installation, where it has any."""
AUTHORITIES_VARIABLE: Final = "AWS_CA_BUNDLE"
"""Names the file with certificate authorities that a trainer trusts beside the public ones."""
VOLUMES_DIR: Final = "/var/run/darkroom/volumes"
"""One folder per storage role below it, each a claim that is mounted to be read."""
CREDENTIALS_VOLUME: Final = "credentials-"
"""Before the role, the name of the pod's volume with its Secret."""
CLAIM_VOLUME: Final = "volume-"
"""Before the role, the name of the pod's volume that is its claim."""
WEIGHTS_VOLUME: Final = "weights"
NODES_VOLUME: Final = "nodes"
NODES_DIR: Final = "/var/run/darkroom/nodes"
"""Where every pod of a run of several nodes has the two files below: what it shows, and all that it trusts."""
NODES_CERTIFICATE: Final = "tls.crt"
NODES_KEY: Final = "tls.key"
NODES_HOST: Final = "darkroom-nodes"
"""The name in that certificate, whichever pod shows it."""
NODES_PORT: Final = 8090
"""Where the pod of index 0 takes the others in."""
INDEX_VARIABLE: Final = "JOB_COMPLETION_INDEX"
"""Set by Kubernetes in each pod of an Indexed Job: which of the run's nodes it is; 0 is the one that leads."""
WORK_DIR: Final = "/work"
WEIGHTS_DIR: Final = "/weights"
TERMINATION_LOG: Final = "/dev/termination-log"
REPORT_PORT: Final = 8080
STATUS_PATH: Final = "/status"
METRICS_PATH: Final = "/metrics"

_LABEL_LENGTH = 63
_CHILD_PREFIX_LENGTH = 44


def short_uid(uid: str) -> str:
    """Return eight characters that stand for an object's uid in names of children and of folders."""
    return hashlib.sha256(uid.encode()).hexdigest()[:8]


def child_name(owner_name: str, uid: str, number: int) -> str:
    """Return the deterministic name of attempt `number`'s Job and ConfigMap: the same inputs give the same child."""
    return f"{_dashed(owner_name)[:_CHILD_PREFIX_LENGTH].rstrip('-')}-{short_uid(uid)}-{number}"


def nodes_service(uid: str, number: int) -> str:
    """Return the name of the Service of attempt `number`'s pods, which unlike a Job's must begin with a letter."""
    return f"nodes-{short_uid(uid)}-{number}"


def nodes_secret(owner_name: str, uid: str) -> str:
    """Return the name of the Secret with the certificate by which a resource's pods know each other."""
    return f"{_dashed(owner_name)[:_CHILD_PREFIX_LENGTH].rstrip('-')}-{short_uid(uid)}-nodes"


def label_value(text: str) -> str:
    """Return `text` cut and trimmed to what a label value may hold."""
    return re.sub(r"[^A-Za-z0-9]+$", "", text[:_LABEL_LENGTH])


PICTURES_FOLDER: Final = "pictures"
"""Below an output URI, beside the folders of resources: decoded images for the runs that come."""


def artifact_folder(kind: str, name: str, uid: str) -> str:
    """Return the folder of one resource below an output URI; the uid keeps a namesake's artifacts apart."""
    return f"{kind.lower()}s/{name}-{short_uid(uid)}"


def _dashed(name: str) -> str:
    return name.replace(".", "-")
