"""From an object's JSON, as an API server keeps it, to what a back end gives.

Owns the edge: an object either becomes a Stored or is UnreadableObject. Must not do: any I/O.
"""

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import pydantic

from darkroom_api.crd import KINDS
from darkroom_api.schema import read_record
from darkroom_server.backends.backend import Kind, Stored

_KINDS = {kind.name: kind for kind in KINDS}


class UnreadableObject(ValueError):
    """An object that this version cannot read; the text names the object, the field and what to do."""


def read_object(kind: Kind, raw: Mapping[str, Any]) -> Stored:
    """Return the object; raises UnreadableObject. A status that cannot be read counts as absent."""
    described = _KINDS[kind]
    metadata = raw["metadata"]
    annotations, labels = metadata.get("annotations") or {}, metadata.get("labels") or {}
    try:
        spec = described.spec.model_validate(raw.get("spec"))
    except pydantic.ValidationError as error:
        problem = error.errors(include_url=False, include_input=False)[0]
        field = ".".join(("spec", *(str(part) for part in problem["loc"])))
        name = f"{kind} {metadata['namespace']}/{metadata['name']}"
        raise UnreadableObject(f"{name}: {field}: {problem['msg']}; is this server older than the CRDs?") from error
    status = read_record(described.status, raw.get("status") or {})
    return Stored(
        kind=kind,
        namespace=metadata["namespace"],
        name=metadata["name"],
        uid=metadata["uid"],
        version=_digest(metadata["uid"], metadata.get("generation", 0), annotations),
        created_at=datetime.fromisoformat(metadata["creationTimestamp"]),
        spec=spec,  # type: ignore[arg-type]  # the kind says which
        status=status or described.status(),  # type: ignore[arg-type]
        labels=labels,
        annotations=annotations,
    )


def _digest(uid: str, generation: int, annotations: Mapping[str, str]) -> str:
    """Return a version that changes with spec and annotations, and not with each status that the operator writes."""
    text = json.dumps([uid, generation, sorted(annotations.items())])
    return hashlib.sha256(text.encode()).hexdigest()[:16]
