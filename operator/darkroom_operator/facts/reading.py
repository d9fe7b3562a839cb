"""From the API server's JSON to facts.

Owns the edge: which fields are read, and as what, is in `shapes`. One object either becomes a value or raises
`UnreadableObjectError`; no later module looks at raw JSON and finds something that it did not expect. What only
strangers can have written (labels, annotations) reads as absent. Texts are cut, so that an object of the API server's
greatest size takes no more memory than another. Must not decide anything.
"""

import sys
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, TypeVar

import pydantic
from pydantic import TypeAdapter
from pydantic_core import to_json

from darkroom_api import names
from darkroom_api.conditions import TERMINAL_PHASES, RunPhase
from darkroom_operator.api import kueue
from darkroom_operator.api.resources import Json, Key
from darkroom_operator.facts import shapes
from darkroom_operator.facts.children import Asked, ObservedJob, ObservedPod
from darkroom_operator.facts.views import StoredOwner

ANNOTATION_POD_DIGEST: Final = f"{names.GROUP}/pod-digest"
"""On every Job: a digest of what was asked for, which admission may have changed since."""

_ANNOTATION_INDEX: Final = "batch.kubernetes.io/job-completion-index"
"""On each pod of an Indexed Job, by the Job controller."""

MAX_TEXT: Final = 4096
"""Characters that are kept of a message; a termination message has no more."""
MAX_DIGITS: Final = 20
"""As many as the greatest resourceVersion has."""
_ENDED: Final = TERMINAL_PHASES | {RunPhase.UNKNOWN}
_LONG_AGO: Final = datetime(1970, 1, 1, tzinfo=UTC)
_NO_CONDITION: Final[shapes.Condition] = {"type": "", "status": "Unknown"}
_RawT = TypeVar("_RawT")


class UnreadableObjectError(ValueError):
    """An object of the API server has a field that cannot be read; the message names the object and the field."""

    def __init__(self, kind: str, namespace: str, name: str, field: str, why: str) -> None:
        super().__init__(f"{kind} {namespace}/{name}: {field}: {why}")
        self.kind = kind


@dataclass(frozen=True, slots=True)
class Identity:
    """Which object it is, and in which version."""

    namespace: str
    name: str
    uid: str
    resource_version: int


def read_identity(kind: str, raw: Any) -> Identity:
    """Return which object this is; raises UnreadableObjectError."""
    metadata = read_shape(shapes.IDENTITY, kind, raw)["metadata"]
    return Identity(metadata["namespace"], metadata["name"], metadata["uid"], _read_version(metadata))


def read_list_version(page: Json) -> int:
    """Return the resourceVersion of a list as a number (they are comparable, KEP-5504); 0 when it is not one."""
    metadata = page.get("metadata")
    return parse_number(metadata.get("resourceVersion")) if isinstance(metadata, dict) else 0


def parse_number(text: object) -> int:
    """Return the number that a text of decimal digits stands for; 0 for anything else."""
    if not isinstance(text, str) or not (text.isascii() and text.isdecimal() and len(text) <= MAX_DIGITS):
        return 0
    return int(text)


def read_conditions(kind: str, raw: Any) -> dict[str, shapes.Condition]:
    """Return an object's conditions by type; raises UnreadableObjectError."""
    status = raw.get("status") if isinstance(raw, dict) else None
    listed = status.get("conditions") if isinstance(status, dict) else None
    return {condition["type"]: condition for condition in read_shape(shapes.CONDITIONS, kind, listed or [], raw)}


def join_words(condition: shapes.Condition) -> str:
    """Return a condition's reason and message as one text."""
    said = (condition.get("reason"), condition.get("message"))
    return ": ".join(_cut(part) for part in said if part)


def parse_owner(kind: str, raw: Any) -> StoredOwner:
    """Reduce a resource of one of the kinds; raises UnreadableObjectError."""
    shape = read_shape(shapes.OWNER, kind, raw)
    metadata, status = shape["metadata"], shape.get("status") or {}
    content = {"spec": shape.get("spec") or {}, "status": status}
    phase, generation = _read_word(status, "phase"), status.get("observedGeneration")
    over = bool(status.get("completedAt")) and phase is not None and RunPhase(phase) in _ENDED
    return StoredOwner(
        key=Key(kind, metadata["namespace"], metadata["name"]),
        uid=metadata["uid"],
        resource_version=_read_version(metadata),
        generation=metadata.get("generation") or 1,
        created_at=metadata.get("creationTimestamp"),
        deleting=metadata.get("deletionTimestamp") is not None,
        content=_pack(content) if over else content,
        phase=phase,
        reason=_read_word(status, "reason"),
        observed_generation=generation if isinstance(generation, int) else 0,
        over=over,
    )


def _pack(content: Json) -> Json | bytes:
    """Return content as JSON; as it is where JSON cannot hold it, which no API server sends."""
    try:
        return to_json(content)
    except ValueError:
        return content


def _read_word(status: Json, field: str) -> str | None:
    """Return a word of a status, of which every object that says the same has the same."""
    word = status.get(field)
    return sys.intern(word) if isinstance(word, str) else None


@dataclass(frozen=True, slots=True)
class WarningEvent:
    """What a controller or a kubelet complains of."""

    namespace: str
    uid: str
    about: str
    """Uid of the object that it is about."""
    seen_at: float
    reason: str
    note: str


def parse_event(raw: Any) -> WarningEvent:
    """Reduce an Event; one that was posted by the older API (`core/v1`) comes with its times in `deprecated` fields.

    Raises UnreadableObjectError.
    """
    shape = read_shape(shapes.EVENT, "Event", raw)
    metadata, series = shape["metadata"], shape.get("series") or {}
    times = (series.get("lastObservedTime"), shape.get("deprecatedLastTimestamp"), shape.get("eventTime"))
    moments = (*times, metadata.get("creationTimestamp"))
    return WarningEvent(
        namespace=metadata["namespace"],
        uid=metadata["uid"],
        about=(shape.get("regarding") or {}).get("uid") or "",
        seen_at=max((moment.timestamp() for moment in moments if moment is not None), default=0.0),
        reason=_cut(shape.get("reason")),
        note=_cut(shape.get("note")),
    )


def parse_job(raw: Any) -> ObservedJob:
    """Reduce a Job; raises UnreadableObjectError."""
    shape = read_shape(shapes.JOB, "Job", raw)
    metadata, spec, status = shape["metadata"], shape.get("spec") or {}, shape.get("status") or {}
    holding = {c["type"]: c for c in status.get("conditions") or () if c["status"] == "True"}
    failed = holding.get("Failed")
    end = failed or holding.get("Complete")
    manager = spec.get("managedBy") or kueue.JOB_CONTROLLER
    attempt = parse_number((metadata.get("labels") or {}).get(names.LABEL_ATTEMPT))
    owner = _find_owner(metadata, attempt)
    asked = _read_asked(shape)
    return ObservedJob(
        namespace=metadata["namespace"],
        name=metadata["name"],
        uid=metadata["uid"],
        resource_version=_read_version(metadata),
        owner_uid=owner["uid"] if owner else "",
        owner=Key(owner["kind"], metadata["namespace"], owner["name"]) if owner else None,
        attempt=attempt,
        image=asked.image,
        secrets=tuple(dict.fromkeys(secret for _, secret in asked.secrets)),
        deleting=metadata.get("deletionTimestamp") is not None,
        suspended=bool(spec.get("suspend")) or "Suspended" in holding,
        failure=f"{failed.get('reason') or 'Failed'}: {_cut(failed.get('message'))}" if failed else None,
        finished_at=(end.get("lastTransitionTime") or _LONG_AGO) if end else None,
        created_at=metadata.get("creationTimestamp"),
        queue=_cut((metadata.get("labels") or {}).get(kueue.LABEL_QUEUE)),
        managed_by="" if manager == kueue.JOB_CONTROLLER else _cut(manager),
        active_since=status.get("startTime"),
        asked=asked,
        parallelism=spec.get("parallelism") or 0,
        indexed=spec.get("completionMode") == "Indexed",
        leader_failed=(status.get("failedIndexes") or "").split(",")[0].split("-")[0] == "0",
    )


def read_asked(job: Any) -> Asked:
    """Return what a Job's pod asks for; the Job may be one that is still to be created."""
    return _read_asked(read_shape(shapes.MANIFEST, "Job", job))


def parse_pod(raw: Any) -> ObservedPod:
    """Reduce a pod; raises UnreadableObjectError."""
    shape = read_shape(shapes.POD, "Pod", raw)
    metadata, status = shape["metadata"], shape.get("status") or {}
    labels, conditions = metadata.get("labels") or {}, {c["type"]: c for c in status.get("conditions") or ()}
    scheduled, disruption = conditions.get("PodScheduled", _NO_CONDITION), conditions.get("DisruptionTarget")
    prepared = conditions.get("PodReadyToStartContainers", _NO_CONDITION)
    refused, placed = scheduled["status"] == "False", scheduled["status"] == "True"
    state = _find_state(status)
    waiting, running, ended = state.get("waiting") or {}, state.get("running") or {}, state.get("terminated")
    controller = _find_controller(metadata)
    return ObservedPod(
        namespace=metadata["namespace"],
        name=metadata["name"],
        uid=metadata["uid"],
        resource_version=_read_version(metadata),
        owner_uid=labels.get(names.LABEL_UID, ""),
        job_uid=controller["uid"] if controller else "",
        attempt=parse_number(labels.get(names.LABEL_ATTEMPT)),
        node=(shape.get("spec") or {}).get("nodeName"),
        ip=status.get("podIP"),
        phase=_cut(status.get("phase")),
        reason=_cut(status.get("reason")),
        message=_cut(status.get("message")),
        deleted_at=metadata.get("deletionTimestamp"),
        unschedulable=_cut(scheduled.get("message"))
        if refused and scheduled.get("reason") == "Unschedulable"
        else None,
        gated=refused and scheduled.get("reason") == "SchedulingGated",
        scheduled=placed,
        sandbox_ready=prepared["status"] == "True",
        disruption=join_words(disruption) if disruption is not None and disruption["status"] == "True" else None,
        waiting_reason=_cut(waiting.get("reason")),
        waiting_message=_cut(waiting.get("message")),
        started_at=running.get("startedAt") or (ended.get("startedAt") if ended else None),
        finished_at=ended.get("finishedAt") if ended else None,
        exit_code=ended["exitCode"] if ended else None,
        exit_reason=_cut(ended.get("reason")) if ended else "",
        termination_message=_cut(ended.get("message")) if ended else "",
        scheduled_at=scheduled.get("lastTransitionTime") if placed else None,
        created_at=metadata.get("creationTimestamp"),
        index=_read_index((metadata.get("annotations") or {}).get(_ANNOTATION_INDEX)),
    )


def _read_index(text: str | None) -> int:
    """Return which of a Job's pods it is: the only one where nothing is said, and none for what is no number."""
    if text is None:
        return 0
    return parse_number(text) if text.isascii() and text.isdecimal() else -1


def read_shape(shape: TypeAdapter[_RawT], kind: str, raw: Any, whole: Any = None) -> _RawT:
    """Return `raw` (a part of `whole`) as it was checked: only what `shape` names, each field of its type."""
    try:
        return shape.validator.validate_python(raw)  # type: ignore[no-any-return]
    except pydantic.ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        field = ".".join(_cut(str(part))[:80] for part in first["loc"])
        namespace, name = (_show(raw if whole is None else whole, part) for part in ("namespace", "name"))
        raise UnreadableObjectError(kind, namespace, name, field or "the object", first["msg"][:200]) from None


def _show(raw: Any, part: str) -> str:
    """Return a part of an object's name for a message, as far as there is one."""
    metadata = raw.get("metadata") if isinstance(raw, dict) else None
    value = metadata.get(part) if isinstance(metadata, dict) else None
    return ascii(value[:253])[1:-1] if isinstance(value, str) else "?"


def _read_version(metadata: shapes.Naming) -> int:
    return int(metadata.get("resourceVersion") or 0)


def _find_controller(metadata: shapes.Metadata) -> shapes.Reference | None:
    references = metadata.get("ownerReferences") or ()
    return next((reference for reference in references if reference.get("controller") and "uid" in reference), None)


def _find_owner(metadata: shapes.Metadata, attempt: int) -> shapes.Reference | None:
    """Return the resource that controls a Job under the name that the operator gives to that attempt's Job."""
    owner = _find_controller(metadata)
    if owner is None or not owner.get("apiVersion", "").startswith(f"{names.GROUP}/"):
        return None
    if "kind" not in owner or metadata["name"] != names.child_name(owner.get("name", ""), owner["uid"], attempt):
        return None
    return owner


def _read_asked(job: shapes.RawJob | shapes.Manifest) -> Asked:
    labels, annotations = job["metadata"].get("labels") or {}, job["metadata"].get("annotations") or {}
    pod = ((job.get("spec") or {}).get("template") or {}).get("spec") or {}
    containers = pod.get("containers") or [{}]
    secrets, claims = [], []
    for volume in pod.get("volumes") or ():
        if projected := volume.get("projected"):
            secrets += [(volume.get("name", ""), secret) for secret in _list_secrets(projected.get("sources") or ())]
        elif mounted := volume.get("persistentVolumeClaim"):
            claims.append((volume.get("name", ""), mounted.get("claimName", "")))
    return Asked(
        kind=labels.get(names.LABEL_KIND, ""),
        image=_cut(containers[0].get("image")),
        requests=tuple(((containers[0].get("resources") or {}).get("requests") or {}).items()),
        node_selector=tuple((pod.get("nodeSelector") or {}).items()),
        secrets=tuple(secrets),
        claims=tuple(claims),
        service_account=_cut(pod.get("serviceAccountName")),
        priority_class=_cut(pod.get("priorityClassName")),
        scheduler=_cut(pod.get("schedulerName")),
        digest=_cut(annotations.get(ANNOTATION_POD_DIGEST)),
        config_digest=_cut(annotations.get(names.ANNOTATION_CONFIG_DIGEST)),
    )


def _list_secrets(sources: Iterable[shapes.Source]) -> list[str]:
    """Return the Secrets that a projected volume mounts, each once."""
    named = ((source.get("secret") or {}).get("name") for source in sources)
    return list(dict.fromkeys(name for name in named if name))


def _find_state(status: shapes.PodStatus) -> shapes.State:
    for state in status.get("containerStatuses") or ():
        if state["name"] == names.CONTAINER:
            return state.get("state") or {}
    return {}


def _cut(text: str | None) -> str:
    return text[:MAX_TEXT] if text else ""
