"""Names of the REST interface and the objects that they stand for.

REST names may be long, hold capitals and underscores, and an Evaluation's is unique within its Model only; so an
object's name is a slug and a hash, with the REST name in an annotation. Objects that were applied with kubectl are
known by their own name. Must not do: look anything up.
"""

import hashlib
import re
from typing import Final

from darkroom_api.names import GROUP
from darkroom_api.v1alpha1.common import NAME_PATTERN
from darkroom_server.backends.backend import Stored
from darkroom_server.http.problems import bad_request

MAX_LENGTH: Final = 255
_NAME: Final = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9._-]*")
_OBJECT_NAME: Final = re.compile(NAME_PATTERN)
_SLUG_LENGTH: Final = 40
_HASH_LENGTH: Final = 10

ANNOTATION_NAME: Final = f"{GROUP}/rest-name"
ANNOTATION_PARENT: Final = f"{GROUP}/rest-model"
"""The REST name of an Evaluation's Model."""
LABEL_NAME_HASH: Final = f"{GROUP}/rest-name-hash"
"""For `kubectl get -l`: annotations cannot be selected by."""


def check_name(name: str, target: str) -> str:
    """Return a name that the interface takes; raises the Problem of `target` otherwise."""
    if len(name) > MAX_LENGTH or not _NAME.fullmatch(name):
        message = (
            f"{name[:60]!r} is not a name: write letters, digits, '.', '_' and '-', beginning with a letter or digit, "
            f"{MAX_LENGTH} characters at most"
        )
        raise bad_request(message, target=target)
    return name


def build_object_name(name: str, parent: str = "") -> str:
    """Return the name of the object for a REST name, which for an Evaluation is one of its `parent`'s."""
    slug = re.sub(r"[^a-z0-9]+", "-", name.lower())[:_SLUG_LENGTH].strip("-")
    return f"{slug}-{hash_name(name, parent)}"


def hash_name(name: str, parent: str = "") -> str:
    """Return what tells REST names apart whose slugs are the same."""
    return hashlib.sha256(f"{parent}/{name}".encode()).hexdigest()[:_HASH_LENGTH]


def build_metadata(name: str, parent: str = "") -> dict[str, dict[str, str] | str]:
    """Return name, label and annotations of the object for a REST name."""
    annotations = {ANNOTATION_NAME: name} | ({ANNOTATION_PARENT: parent} if parent else {})
    labels = {LABEL_NAME_HASH: hash_name(name, parent)}
    return {"name": build_object_name(name, parent), "labels": labels, "annotations": annotations}


def find_rest_name(stored: Stored) -> str:
    """Return the REST name of an object: its own name, unless it was made for another one."""
    name = stored.annotations.get(ANNOTATION_NAME, "")
    made = build_object_name(name, stored.annotations.get(ANNOTATION_PARENT, "")) if name else ""
    # An annotation that was copied to another object does not count.
    return name if made == stored.name else stored.name


def find_noted_name(stored: Stored, annotation: str) -> str | None:
    """Return the REST name in an annotation; anybody may have written it, so what is none counts as absent."""
    name = stored.annotations.get(annotation, "")
    return name if len(name) <= MAX_LENGTH and _NAME.fullmatch(name) else None


def list_candidates(name: str, parent: str = "") -> tuple[str, ...]:
    """Return the names of the objects that may stand for a REST name, the likelier one first."""
    made = build_object_name(name, parent)
    return (made, name) if _OBJECT_NAME.fullmatch(name) and len(name) <= 253 else (made,)
